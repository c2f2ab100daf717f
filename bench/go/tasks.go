package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func together(n int, body func()) *sync.WaitGroup {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer group.Done()
			body()
		}()
	}
	return &group
}

func spawn(n int) int {
	result := make(chan int, 1)
	sum := 0
	for i := 0; i < n; i++ {
		go func(i int) { result <- i }(i)
		sum += <-result
	}
	return sum
}

func ring(n int) int {
	first := make(chan int)
	last := first
	for i := 1; i < 1000; i++ {
		from, to := last, make(chan int)
		go func() {
			relay(from, to, 1)
			close(to)
		}()
		last = to
	}
	token := 0
	for i := 0; i < n/1000; i++ {
		first <- token
		token = <-last
	}
	close(first)
	return token
}

// The 1000th prime. The numbers end there, so that all goroutines can end.
const lastPrime = 7919

func sieve(count int) int {
	from := make(chan int)
	go numbers(from)
	sum := 0
	for i := 0; i < count; i++ {
		prime := <-from
		sum += prime
		to := make(chan int)
		go indivisible(prime, from, to)
		from = to
	}
	return sum
}

func numbers(to chan<- int) {
	for i := 2; i <= lastPrime; i++ {
		to <- i
	}
	close(to)
}

func indivisible(prime int, from <-chan int, to chan<- int) {
	for i := range from {
		if i%prime != 0 {
			to <- i
		}
	}
	close(to)
}

// parking starts n goroutines that receive one value each from the channels and add it to the sum. It returns when all wait.
func parking(n int, channels []chan int, sum *int64, done *sync.WaitGroup) {
	var waiting int64
	done.Add(n)
	for i := 0; i < n; i++ {
		go func(shared <-chan int) {
			atomic.AddInt64(&waiting, 1)
			atomic.AddInt64(sum, int64(<-shared))
			done.Done()
		}(channels[i%len(channels)])
	}
	for atomic.LoadInt64(&waiting) < int64(n) {
		runtime.Gosched()
	}
}

func parked(n int) outcome {
	channels := make([]chan int, n/1000)
	for i := range channels {
		channels[i] = make(chan int)
	}
	var sum int64
	var done sync.WaitGroup
	before := heap()
	start := time.Now()
	parking(n, channels, &sum, &done)
	ns := float64(time.Since(start))
	bytes := heap() - before
	for i := 0; i < n; i++ {
		channels[i%len(channels)] <- i
	}
	done.Wait()
	return outcome{int(sum), ns, bytes}
}

func channels(n int) outcome {
	all := make([]chan int, n)
	before := heap()
	start := time.Now()
	for i := range all {
		all[i] = make(chan int)
	}
	ns := float64(time.Since(start))
	bytes := heap() - before
	sum := 0
	for i := range all {
		sum += i
	}
	runtime.KeepAlive(all)
	return outcome{sum, ns, bytes}
}

func release(n int) outcome {
	shared := make(chan int)
	var sum int64
	var done sync.WaitGroup
	parking(n, []chan int{shared}, &sum, &done)
	start := time.Now()
	produce(shared, n)
	done.Wait()
	return outcome{sum: int(sum), ns: float64(time.Since(start))}
}

package main

import (
	"runtime"
	"time"
)

// broadcast hands each of n/100 values to 100 receivers, in turn.
func broadcast(n int) int {
	receivers := make([]chan int, 100)
	sums := make(chan int)
	for i := range receivers {
		values := make(chan int)
		receivers[i] = values
		go func() { sums <- consume(values) }()
	}
	values := make(chan int)
	go func() {
		produce(values, n/100)
		close(values)
	}()
	go spread(values, receivers)
	sum := 0
	for range receivers {
		sum += <-sums
	}
	return sum
}

func spread(from <-chan int, receivers []chan int) {
	for i := range from {
		for _, to := range receivers {
			to <- i
		}
	}
	for _, to := range receivers {
		close(to)
	}
}

// merge has a goroutine for each source, which passes the values on to one channel.
func merge(n int) int {
	all := make(chan int)
	relays := together(4, func() {
		values := make(chan int)
		go func() {
			produce(values, n/4)
			close(values)
		}()
		relay(values, all, 0)
	})
	go func() {
		relays.Wait()
		close(all)
	}()
	return consume(all)
}

func batch(n int) int {
	values := make(chan int)
	groups := make(chan []int)
	go func() {
		produce(values, n)
		close(values)
	}()
	go gather(values, groups, 100, 50*time.Millisecond)
	sum := 0
	for group := range groups {
		for _, i := range group {
			sum += i
		}
	}
	return sum
}

// gather sends a group when it is full, or when the limit has passed since its first value arrived.
func gather(from <-chan int, to chan<- []int, size int, limit time.Duration) {
	defer close(to)
	for open := true; open; {
		var group []int
		group, open = next(from, size, limit)
		if len(group) > 0 {
			to <- group
		}
	}
}

func next(from <-chan int, size int, limit time.Duration) (group []int, open bool) {
	first, open := <-from
	if !open {
		return nil, false
	}
	group = append(make([]int, 0, size), first)
	late := time.NewTimer(limit)
	defer late.Stop()
	for len(group) < size {
		select {
		case i, open := <-from:
			if !open {
				return group, false
			}
			group = append(group, i)
		case <-late.C:
			return group, true
		}
	}
	return group, true
}

// A permit is a free place in the buffer of a channel.
func semaphore(n int) int {
	permits := make(chan struct{}, 4)
	sums := make(chan int)
	for i := 0; i < 8; i++ {
		go func() { sums <- hold(permits, n/8) }()
	}
	sum := 0
	for i := 0; i < 8; i++ {
		sum += <-sums
	}
	return sum
}

func hold(permits chan struct{}, n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		permits <- struct{}{}
		runtime.Gosched()
		<-permits
		sum += i
	}
	return sum
}

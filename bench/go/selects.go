package main

import "time"

func selectReceive(n int) int {
	a, b, c, d := four()
	for _, values := range []chan int{a, b, c, d} {
		go produce(values, n/4)
	}
	return consumeAny(a, b, c, d, n)
}

func selectBoth(n int) int {
	a, b, c, d := four()
	sums := make(chan int)
	for i := 0; i < 4; i++ {
		go produceAny(a, b, c, d, n/4)
		go func() { sums <- consumeAny(a, b, c, d, n/4) }()
	}
	return <-sums + <-sums + <-sums + <-sums
}

func four() (a, b, c, d chan int) {
	return make(chan int), make(chan int), make(chan int), make(chan int)
}

func consumeAny(a, b, c, d <-chan int, n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case v := <-c:
			sum += v
		case v := <-d:
			sum += v
		}
	}
	return sum
}

func produceAny(a, b, c, d chan<- int, n int) {
	for i := 0; i < n; i++ {
		select {
		case a <- i:
		case b <- i:
		case c <- i:
		case d <- i:
		}
	}
}

// The timer is stopped as soon as the other case was chosen. This is cheaper than time.After, which leaves the timer running.
func sleepCancel(n int) int {
	values := make(chan int)
	go produce(values, n)
	sum := 0
	for i := 0; i < n; i++ {
		late := time.NewTimer(time.Minute)
		select {
		case v := <-values:
			sum += v
		case <-late.C:
		}
		late.Stop()
	}
	return sum
}

var silent = make(chan int)

func idleSelects(n int) int {
	values := make(chan int)
	go produce(values, n)
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case v := <-values:
			sum += v
		case <-silent:
		}
	}
	return sum
}

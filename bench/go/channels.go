package main

func produce(to chan<- int, n int) {
	for i := 0; i < n; i++ {
		to <- i
	}
}

func consume(from <-chan int) int {
	sum := 0
	for i := range from {
		sum += i
	}
	return sum
}

func relay(from <-chan int, to chan<- int, step int) {
	for i := range from {
		to <- i + step
	}
}

func spsc(capacity, n int) int {
	values := make(chan int, capacity)
	go func() {
		produce(values, n)
		close(values)
	}()
	return consume(values)
}

func mpmc(n int) int {
	values := make(chan int, 64)
	producers := together(4, func() { produce(values, n/4) })
	sums := make(chan int)
	for i := 0; i < 4; i++ {
		go func() { sums <- consume(values) }()
	}
	producers.Wait()
	close(values)
	return <-sums + <-sums + <-sums + <-sums
}

func pingPong(n int) int {
	ping := make(chan int)
	pong := make(chan int)
	go relay(ping, pong, 0)
	sum := 0
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	close(ping)
	return sum
}

func pipeline(n int) int {
	first := make(chan int)
	last := first
	for i := 0; i < 4; i++ {
		from, to := last, make(chan int)
		go func() {
			relay(from, to, 1)
			close(to)
		}()
		last = to
	}
	go func() {
		produce(first, n)
		close(first)
	}()
	return consume(last)
}

func workers(n int) int {
	jobs := make(chan int)
	results := make(chan int)
	all := together(8, func() { relay(jobs, results, 1) })
	go func() {
		produce(jobs, n)
		close(jobs)
		all.Wait()
		close(results)
	}()
	return consume(results)
}

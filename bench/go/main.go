// The workloads in Go: the same programs with the channels of Go, measured in the same way.
//
//	bench <workload> <n> [<warm-up ms> <budget ms>]
//
// prints the measurement as one line of JSON, with the sum, which the caller checks.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// An outcome is the result of one run of a workload. A workload that measures only a part of its run fills in ns and bytes.
type outcome struct {
	sum   int
	ns    float64
	bytes float64
}

var performs = map[string]func(n int) outcome{
	"spsc/0":           func(n int) outcome { return outcome{sum: spsc(0, n)} },
	"spsc/64":          func(n int) outcome { return outcome{sum: spsc(64, n)} },
	"spsc/128":         func(n int) outcome { return outcome{sum: spsc(128, n)} },
	"mpmc/64":          func(n int) outcome { return outcome{sum: mpmc(n)} },
	"ping-pong":        func(n int) outcome { return outcome{sum: pingPong(n)} },
	"select-receive/4": func(n int) outcome { return outcome{sum: selectReceive(n)} },
	"select-both/4":    func(n int) outcome { return outcome{sum: selectBoth(n)} },
	"spawn":            func(n int) outcome { return outcome{sum: spawn(n)} },
	"ring/1000":        func(n int) outcome { return outcome{sum: ring(n)} },
	"sieve":            func(n int) outcome { return outcome{sum: sieve(n)} },
	"sleep-cancel":     func(n int) outcome { return outcome{sum: sleepCancel(n)} },
	"idle-selects":     func(n int) outcome { return outcome{sum: idleSelects(n)} },
	"pipeline/4":       func(n int) outcome { return outcome{sum: pipeline(n)} },
	"workers/8":        func(n int) outcome { return outcome{sum: workers(n)} },
	"flow-pipeline/4":  func(n int) outcome { return outcome{sum: pipeline(n)} },
	"flow-workers/8":   func(n int) outcome { return outcome{sum: workers(n)} },
	"broadcast/100":    func(n int) outcome { return outcome{sum: broadcast(n)} },
	"merge/4":          func(n int) outcome { return outcome{sum: merge(n)} },
	"batch/100":        func(n int) outcome { return outcome{sum: batch(n)} },
	"semaphore/4":      func(n int) outcome { return outcome{sum: semaphore(n)} },
	"channels":         channels,
	"parked":           parked,
	"release":          release,
}

func main() {
	work, known := performs[os.Args[1]]
	if !known {
		fmt.Println(`{"error":"no such workload"}`)
		return
	}
	line, _ := json.Marshal(measure(work, number(2, 0), number(3, 200), number(4, 500)))
	fmt.Println(string(line))
}

func number(at, otherwise int) int {
	if at >= len(os.Args) {
		return otherwise
	}
	value, err := strconv.Atoi(os.Args[at])
	if err != nil {
		return otherwise
	}
	return value
}

package main

import (
	"math"
	"runtime"
	"time"
)

const warmUp = 50_000

type measurement struct {
	Ns    float64 `json:"ns"`
	Bytes float64 `json:"bytes"`
	Sum   int     `json:"sum"`
	Times int     `json:"times"`
}

// measure repeats a workload as measure.mjs does: warm-up, then the best repetition within a budget of time.
func measure(work func(int) outcome, n, warmUpMs, budgetMs int) measurement {
	few := n
	if few > warmUp {
		few = warmUp
	}
	warm := repeat(work, few, 1, warmUpMs)
	before := heap()
	m := repeat(work, n, 2, budgetMs)
	m.Ns /= float64(n)
	m.Bytes = bytes(warm, few, m, n, heap()-before)
	return m
}

// bytes returns the bytes that the workload itself has measured, or else the bytes kept after all repetitions. The runtime
// reuses the records of finished goroutines, so only the run with the largest number counts, which is the very first run.
func bytes(warm measurement, few int, m measurement, n int, kept float64) float64 {
	if m.Bytes == 0 {
		return kept / float64(m.Times) / float64(n)
	}
	return math.Max(warm.Bytes/float64(few), m.Bytes/float64(n))
}

func repeat(work func(int) outcome, n, atLeast, budgetMs int) measurement {
	m := measurement{Ns: math.Inf(1)}
	start := time.Now()
	for m.Times < atLeast || time.Since(start) < time.Duration(budgetMs)*time.Millisecond {
		began := time.Now()
		o := work(n)
		if o.ns == 0 {
			o.ns = float64(time.Since(began))
		}
		m.Ns = math.Min(m.Ns, o.ns)
		m.Bytes = math.Max(m.Bytes, o.bytes)
		m.Sum = o.sum
		m.Times++
	}
	return m
}

// heap returns the bytes in use after a garbage collection, stacks of goroutines included.
func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) + float64(stats.StackInuse)
}

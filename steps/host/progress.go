package host

import "context"

type progressKey struct{}

// WithProgress returns a context whose holder can say what it is waiting for.
func WithProgress(ctx context.Context, report func(message string)) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

// Progress tells whoever watches the op what it is doing right now, such as
// the process that holds a lock. Without a watcher it does nothing.
func Progress(ctx context.Context, message string) {
	if report, ok := ctx.Value(progressKey{}).(func(string)); ok {
		report(message)
	}
}

type stopKey struct{}

// WithStop returns a context whose holder learns through stop that it should
// come to an end, before the context itself ends.
func WithStop(ctx context.Context, stop <-chan struct{}) context.Context {
	return context.WithValue(ctx, stopKey{}, stop)
}

// Stopping is closed when somebody asked for the run to stop. An op that works
// ends its work, because half an edit helps nobody; one that waits for somebody else gives up.
// Without a WithStop it is nil, which never ends a select.
func Stopping(ctx context.Context) <-chan struct{} {
	stop, _ := ctx.Value(stopKey{}).(<-chan struct{})
	return stop
}

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

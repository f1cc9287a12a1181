package main
import "context"
func measureAll(ctx context.Context, m *machine, n int) (any, error) { return nil, nil }
func writePage(p string, r any) error { return nil }

package main
import ("context";"fmt")
func measureAll(ctx context.Context, m *machine, n int) (any, error) { err:= m.prove(ctx); fmt.Println("PROVE", err); return nil, err }
func writePage(p string, r any) error { return nil }

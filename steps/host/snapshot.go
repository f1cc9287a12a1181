package host

import (
	"context"
	"sync"
)

// Snapshot returns a View for one plan. What it finds out about a unit, and what
// Once finds out through it, it finds out once: steps that ask the same get the
// same answer, at the price of one. It knows nothing of changes, so it is
// thrown away before anything is changed. Errors are not kept.
func Snapshot(v View) View { return &snapshot{View: v} }

// Origin returns the View that a Snapshot was made of, and any other View as it is.
// It tells hosts apart in what is kept longer than one plan.
func Origin(v View) View {
	if s, ok := v.(*snapshot); ok {
		return Origin(s.View)
	}
	return v
}

type snapshot struct {
	View
	mu    sync.Mutex
	found map[any]any
}

// unitKey is the key of a unit's description.
type unitKey string

// Unit implements Units.
func (s *snapshot) Unit(ctx context.Context, name string) (Unit, error) {
	return Once(s, unitKey(name), func() (Unit, error) { return s.View.Unit(ctx, name) })
}

// Once returns what find finds, and through one Snapshot looks for it once. The
// key must be of a type of the caller's own, and the result must not be changed by
// anybody. With another View it only calls find.
func Once[T any](v View, key any, find func() (T, error)) (T, error) {
	s, ok := v.(*snapshot)
	if !ok {
		return find()
	}
	if known, ok := s.get(key).(T); ok {
		return known, nil
	}
	// Not locked: find may ask for other things. To look twice at the same time
	// does no harm.
	result, err := find()
	if err == nil {
		s.put(key, result)
	}
	return result, err
}

func (s *snapshot) get(key any) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found[key]
}

func (s *snapshot) put(key, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		s.found = map[any]any{}
	}
	s.found[key] = value
}

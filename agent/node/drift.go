package node

import (
	"strings"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
)

// policyFor is what happens on drift of the thing with a key.
func policyFor(drift *v1alpha1.DriftSpec, key string) v1alpha1.DriftPolicy {
	policy := v1alpha1.DriftRepair
	if drift == nil {
		return policy
	}
	if drift.Policy != "" {
		policy = drift.Policy
	}
	for _, item := range drift.Items {
		if matches(item.Key, key) {
			policy = item.Policy
		}
	}
	return policy
}

// ignored tells whether nobody wants to know of drift in what an op is about.
func ignored(drift *v1alpha1.DriftSpec, op steps.Op) bool {
	return policyFor(drift, op.Key()) == v1alpha1.DriftIgnore
}

// unrepaired tells whether drift in what an op is about is to stay as it is.
func unrepaired(drift *v1alpha1.DriftSpec, op steps.Op) bool {
	return policyFor(drift, op.Key()) != v1alpha1.DriftRepair
}

// matches tells whether a key fits a pattern in which * stands for any characters, slashes too.
func matches(pattern, key string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == key
	}
	rest, ok := strings.CutPrefix(key, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		// The first place that fits leaves the most for what follows.
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

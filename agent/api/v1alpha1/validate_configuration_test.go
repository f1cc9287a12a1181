package v1alpha1_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

func validConfiguration(t *testing.T) *v1alpha1.NodeGroupConfiguration {
	t.Helper()
	c := decodeInto[v1alpha1.NodeGroupConfiguration](t, object(t, `
metadata: {name: 10-tune}
spec:
  nodeGroups: ["*", worker]
  distros: [debian, rocky/9]
  check: test -e /etc/tuned
  apply: |
    #!/usr/bin/env bash
    touch /etc/tuned
  undo: rm /etc/tuned
  impact: None
  timeout: 15m
`))
	c.SetDefaults()
	return c
}

func TestValidateOfAConfiguration(t *testing.T) {
	t.Parallel()
	if errs := validConfiguration(t).Validate(); len(errs) > 0 {
		t.Errorf("got %v for a valid configuration, want nothing", errs.ToAggregate())
	}
	minute := func(n time.Duration) *metav1.Duration { return &metav1.Duration{Duration: n * time.Minute} }
	secret := "cat > /etc/key <<E\n-----BEGIN RSA PRIVATE KEY-----\n"
	type configuration = v1alpha1.NodeGroupConfiguration
	cases := map[string]map[string]func(c *configuration){
		"metadata.name": {
			"missing":  func(c *configuration) { c.Name = "" },
			"dots":     func(c *configuration) { c.Name = "10.tune" },
			"too long": func(c *configuration) { c.Name = strings.Repeat("a", 64) },
		},
		"metadata.namespace": {"there": func(c *configuration) { c.Namespace = "default" }},
		"spec.weight": {
			"negative": func(c *configuration) { *c.Spec.Weight = -1 },
			"too much": func(c *configuration) { *c.Spec.Weight = 10001 },
		},
		"spec.nodeGroups[1]": {
			"twice":     func(c *configuration) { c.Spec.NodeGroups[1] = "*" },
			"empty":     func(c *configuration) { c.Spec.NodeGroups[1] = "" },
			"a pattern": func(c *configuration) { c.Spec.NodeGroups[1] = "work*" },
		},
		"spec.distros[1]": {
			"twice":  func(c *configuration) { c.Spec.Distros[1] = "debian" },
			"a name": func(c *configuration) { c.Spec.Distros[1] = "Rocky Linux" },
			"empty":  func(c *configuration) { c.Spec.Distros[1] = "" },
		},
		"spec.check": {
			"missing":  func(c *configuration) { c.Spec.Check = "" },
			"blank":    func(c *configuration) { c.Spec.Check = " \n" },
			"too long": func(c *configuration) { c.Spec.Check = strings.Repeat("#", 256<<10+1) },
			"a secret": func(c *configuration) { c.Spec.Check = secret },
		},
		"spec.apply": {
			"missing":  func(c *configuration) { c.Spec.Apply = "" },
			"a secret": func(c *configuration) { c.Spec.Apply = secret },
		},
		"spec.undo": {
			"too long": func(c *configuration) { c.Spec.Undo = strings.Repeat("#", 256<<10+1) },
			"a secret": func(c *configuration) { c.Spec.Undo = secret },
		},
		"spec.impact": {"unknown": func(c *configuration) { c.Spec.Impact = "none" }},
		"spec.timeout": {
			"nothing":         func(c *configuration) { c.Spec.Timeout = minute(0) },
			"negative":        func(c *configuration) { c.Spec.Timeout = minute(-1) },
			"over 15 minutes": func(c *configuration) { c.Spec.Timeout = minute(16) },
		},
	}
	for path, changes := range cases {
		for name, change := range changes {
			t.Run(path+" "+name, func(t *testing.T) {
				t.Parallel()
				c := validConfiguration(t)
				change(c)
				if diff := cmp.Diff([]string{path}, paths(c.Validate())); diff != "" {
					t.Errorf("paths of the problems differ (-want +got):\n%s\n%v", diff, c.Validate())
				}
			})
		}
	}
}

func validPolicy(t *testing.T) *v1alpha1.UpdatePolicy {
	t.Helper()
	p := decodeInto[v1alpha1.UpdatePolicy](t, object(t, `
metadata: {name: default}
spec:
  paused: true
  maxUnavailable: 5%
  windows: [{days: [Sat, Sun], from: "22:00", to: "06:00", timeZone: Europe/Berlin}]
  exclusions: [{from: "2026-12-24T00:00:00Z", to: "2026-12-27T00:00:00Z"}]
`))
	p.SetDefaults()
	return p
}

func TestValidateOfAPolicy(t *testing.T) {
	t.Parallel()
	if errs := validPolicy(t).Validate(); len(errs) > 0 {
		t.Errorf("got %v for a valid policy, want nothing", errs.ToAggregate())
	}
	zero := intstr.FromInt32(0)
	type policy = v1alpha1.UpdatePolicy
	cases := map[string]map[string]func(p *policy){
		"metadata.name": {
			"missing":    func(p *policy) { p.Name = "" },
			"another":    func(p *policy) { p.Name = "second" },
			"upper-case": func(p *policy) { p.Name = "Default" },
		},
		"metadata.namespace":       {"there": func(p *policy) { p.Namespace = "default" }},
		"spec.maxUnavailable":      {"none": func(p *policy) { p.Spec.MaxUnavailable = &zero }},
		"spec.windows[0].days[1]":  {"twice": func(p *policy) { p.Spec.Windows[0].Days[1] = "Sat" }},
		"spec.windows":             {"too many": func(p *policy) { p.Spec.Windows = slices.Repeat(p.Spec.Windows, 101) }},
		"spec.windows[0].timeZone": {"the machine's": func(p *policy) { p.Spec.Windows[0].TimeZone = "Local" }},
		"spec.windows[0].from":     {"missing": func(p *policy) { p.Spec.Windows[0].From = "" }},
		"spec.exclusions[0].from":  {"missing": func(p *policy) { p.Spec.Exclusions[0].From = metav1.Time{} }},
		"spec.exclusions[0].to":    {"before the start": func(p *policy) { p.Spec.Exclusions[0].To = metav1.Unix(0, 0) }},
	}
	for path, changes := range cases {
		for name, change := range changes {
			t.Run(path+" "+name, func(t *testing.T) {
				t.Parallel()
				p := validPolicy(t)
				change(p)
				if diff := cmp.Diff([]string{path}, paths(p.Validate())); diff != "" {
					t.Errorf("paths of the problems differ (-want +got):\n%s\n%v", diff, p.Validate())
				}
			})
		}
	}
}

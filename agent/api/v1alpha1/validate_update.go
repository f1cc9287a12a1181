package v1alpha1

import (
	"time"
	_ "time/tzdata" // a time zone is right or wrong whether or not the machine has the database

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *checker) update(p *field.Path, s *UpdateSpec) {
	c.count(p.Child("maxUnavailable"), s.MaxUnavailable)
	c.atMost(p.Child("waves"), len(s.Waves), maxWaves)
	names := c.unique()
	for i, wave := range s.Waves {
		at := p.Child("waves").Index(i)
		c.needsMatch(at.Child("name"), wave.Name, fileName, "lower-case letters, digits, dots and dashes")
		names(at.Child("name"), wave.Name)
		c.selector(at.Child("selector"), wave.Selector)
		c.count(at.Child("size"), wave.Size)
		if wave.Soak != nil && wave.Soak.Duration < 0 {
			c.invalid(at.Child("soak"), wave.Soak.Duration.String(), "must not be negative")
		}
	}
	oneOf(c, p.Child("order"), s.Order, OrderZone, OrderName, OrderOldestFirst)
	c.windows(p.Child("windows"), s.Windows)
	c.exclusions(p.Child("exclusions"), s.Exclusions)
	c.atLeast(p.Child("failureBudget"), s.FailureBudget, 1)
	if s.Gates != nil {
		c.gates(p.Child("gates"), s.Gates)
	}
}

func (c *checker) gates(p *field.Path, s *UpdateGates) {
	for i, gate := range s.Prometheus {
		at := p.Child("prometheus").Index(i)
		c.url(at.Child("url"), gate.URL, "https", "http")
		if gate.Query == "" {
			c.require(at.Child("query"), "in PromQL")
		}
	}
	if s.DaemonSets != nil {
		c.selector(p.Child("daemonSets", "selector"), &s.DaemonSets.Selector)
	}
}

func (c *checker) disruptions(p *field.Path, s *DisruptionsSpec) {
	oneOf(c, p.Child("approvalMode"), s.ApprovalMode, ApprovalAutomatic, ApprovalManual)
	c.windows(p.Child("automatic", "windows"), s.Automatic.Windows)
	drain := p.Child("drain")
	c.positiveDuration(drain.Child("timeout"), s.Drain.Timeout)
	oneOf(c, drain.Child("onTimeout"), s.Drain.OnTimeout, DrainAbort, DrainForce, DrainWait)
	c.positiveDuration(drain.Child("skipWaitForDeleteTimeout"), s.Drain.SkipWaitForDeleteTimeout)
}

func (c *checker) drift(p *field.Path, s *DriftSpec) {
	policies := []DriftPolicy{DriftRepair, DriftAlert, DriftIgnore}
	oneOf(c, p.Child("policy"), s.Policy, policies...)
	keys := c.unique()
	for i, item := range s.Items {
		at := p.Child("items").Index(i)
		if item.Key == "" {
			c.require(at.Child("key"), "the key of an op as a plan prints it, such as file:/etc/motd")
		}
		keys(at.Child("key"), item.Key)
		if item.Policy == "" {
			c.require(at.Child("policy"), "Repair, Alert or Ignore")
		}
		oneOf(c, at.Child("policy"), item.Policy, policies...)
	}
}

// count checks a number of nodes or a share of the group.
func (c *checker) count(p *field.Path, value *intstr.IntOrString) {
	switch {
	case value == nil:
	case value.Type == intstr.Int && value.IntVal < 1,
		value.Type == intstr.String && !positivePercent.MatchString(value.StrVal):
		c.invalid(p, value.String(), "must be a number from 1, or a percentage from 1%% to 100%%")
	}
}

func (c *checker) positiveDuration(p *field.Path, value *metav1.Duration) {
	if value != nil && value.Duration <= 0 {
		c.invalid(p, value.Duration.String(), "must be more than 0s")
	}
}

func (c *checker) selector(p *field.Path, selector *metav1.LabelSelector) {
	c.errs = append(c.errs, metavalidation.ValidateLabelSelector(selector, metavalidation.LabelSelectorValidationOptions{}, p)...)
}

// The CRD bounds lists that have a rule for each item: the API server refuses rules whose cost it cannot tell in advance.
const (
	maxWaves = 20
	maxTimes = 100 // windows, and exclusions
)

func (c *checker) atMost(p *field.Path, items, most int) {
	if items > most {
		c.errs = append(c.errs, field.TooMany(p, items, most))
	}
}

func (c *checker) windows(p *field.Path, windows []Window) {
	c.atMost(p, len(windows), maxTimes)
	for i, window := range windows {
		at := p.Index(i)
		days := c.unique()
		for j, day := range window.Days {
			if day == "" {
				c.require(at.Child("days").Index(j), "a day such as Mon")
			}
			oneOf(c, at.Child("days").Index(j), day, Weekdays...)
			days(at.Child("days").Index(j), string(day))
		}
		c.needsMatch(at.Child("from"), window.From, timeOfDay, `a time of day in quotes, such as "22:00"`)
		c.needsMatch(at.Child("to"), window.To, timeOfDay, `a time of day in quotes, such as "06:00"`)
		if window.From != "" && window.From == window.To {
			c.invalid(at.Child("to"), window.To, "must differ from the start: the window would never open")
		}
		if _, err := time.LoadLocation(window.TimeZone); err != nil || window.TimeZone == "Local" {
			c.invalid(at.Child("timeZone"), window.TimeZone, "must be a time zone such as UTC or Europe/Berlin")
		}
	}
}

func (c *checker) exclusions(p *field.Path, exclusions []Exclusion) {
	c.atMost(p, len(exclusions), maxTimes)
	for i := range exclusions {
		c.exclusion(p.Index(i), &exclusions[i])
	}
}

func (c *checker) exclusion(p *field.Path, e *Exclusion) {
	const example = "a moment such as 2026-12-24T00:00:00Z"
	if e.From.IsZero() {
		c.require(p.Child("from"), example)
	}
	if e.To.IsZero() {
		c.require(p.Child("to"), example)
	}
	if !e.From.IsZero() && !e.To.IsZero() && !e.To.After(e.From.Time) {
		c.invalid(p.Child("to"), e.To.UTC().Format(time.RFC3339), "must be after the start")
	}
}

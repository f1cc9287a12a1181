package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/hostler-dev/hostler/test/cluster"
)

// Workload is a Deployment of [cluster.WebImage], with a PodDisruptionBudget where MinAvailable is not 0.
type Workload struct {
	Name         string // also the value of the label app
	Replicas     int
	MinAvailable int
	// Group, where it is set, keeps the pods on the nodes of a group.
	Group string
	// Stubborn pods ignore SIGTERM, and have that long, in whole seconds, until they are killed; 0: they go when asked.
	Stubborn time.Duration
}

const workloadManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: %[5]d
      nodeSelector: {%[4]s}
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: %[1]s}}}
      containers:
      - name: web
        image: %[3]s
        imagePullPolicy: Never
        args: [%[6]s]
        readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
`

const budgetManifest = `
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: %[1]s}
spec:
  minAvailable: %[2]d
  selector: {matchLabels: {app: %[1]s}}
`

// Manifest returns the workload's objects as YAML.
func (w Workload) Manifest() string {
	selector, grace, args := "", 1, ""
	if w.Group != "" {
		selector = fmt.Sprintf("hostler.dev/node-group: %s", w.Group)
	}
	if w.Stubborn > 0 {
		grace, args = int(w.Stubborn.Seconds()), `"--ignore-sigterm"`
	}
	text := fmt.Sprintf(workloadManifest, w.Name, w.Replicas, cluster.WebImage, selector, grace, args)
	if w.MinAvailable > 0 {
		text += fmt.Sprintf(budgetManifest, w.Name, w.MinAvailable)
	}
	return text
}

// StartWorkload starts the workload and returns when all its pods are available.
func (f *Fleet) StartWorkload(ctx context.Context, w Workload) error {
	if err := f.ControlPlane.Apply(ctx, w.Manifest()); err != nil {
		return err
	}
	return f.Wait(ctx, func(world *World) error {
		if got := world.Available(w.Name); got != w.Replicas {
			return fmt.Errorf("available pods of %s: got %d, want %d", w.Name, got, w.Replicas)
		}
		return nil
	})
}

// StopWorkload removes a workload at once, and returns when its pods are gone.
func (f *Fleet) StopWorkload(ctx context.Context, w Workload) error {
	for _, args := range [][]string{
		{"deployment,poddisruptionbudget", w.Name, "--wait=false"},
		{"pods", "--selector=app=" + w.Name, "--grace-period=0", "--force"},
	} {
		if _, err := f.ControlPlane.Kubectl(ctx, append([]string{"delete", "--ignore-not-found"}, args...)...); err != nil {
			return err
		}
	}
	return f.Wait(ctx, func(world *World) error {
		if left := world.Pods(w.Name); len(left) > 0 {
			return fmt.Errorf("%d pods of %s are still there", len(left), w.Name)
		}
		return nil
	})
}

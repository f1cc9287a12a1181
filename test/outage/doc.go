// Package outage takes the API server away for two minutes in the middle of a rollout, with everything that can happen meanwhile:
// an agent is killed, somebody edits a file by hand. It has a fleet of its own, since nobody else could work beside it.
package outage

package node

import (
	"context"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
)

// Source is where wishes come from and reports go to.
type Source interface {
	// Run tells all news, the newest last, until ctx ends. It deals with failures itself: they are news. hear
	// does not block.
	Run(ctx context.Context, hear func(News))
	// Revision fetches a revision by name.
	Revision(ctx context.Context, name string) (render.Revision, error)
	// Report hands over the newest status. It does not block: only the newest status matters, and
	// it is delivered when that is possible.
	Report(status v1alpha1.ManagedNodeStatus)
}

// News is what a source knows at a moment: the wish, that there is none, or that it cannot be known.
type News struct {
	// Assignment is what is wanted of the host; nil, with Away nil too: nobody wants anything.
	Assignment *Assignment
	// Away says why the source cannot be asked; nil: it can. What was heard last counts on meanwhile.
	Away error
}

// Assignment is a ManagedNode as far as the agent goes by it.
type Assignment struct {
	// UID and Generation are the ManagedNode's: other values mean that something else may be wanted.
	UID        string `json:"uid,omitempty"`
	Generation int64  `json:"generation"`

	Spec v1alpha1.ManagedNodeSpec `json:"spec"`
	// Limit is the highest impact that is ever allowed; empty: what the approvals say.
	Limit v1alpha1.Impact `json:"limit,omitempty"`

	// Reported is the failure in the status that the agent reported before, which is of use when the cache is lost.
	Reported *v1alpha1.Failure `json:"-"`
}

// same tells whether two assignments want the same.
func (a *Assignment) same(b *Assignment) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.UID == b.UID && a.Generation == b.Generation
}

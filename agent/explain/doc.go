// Package explain names the one reason why a node waits, since when, and what would change it. Explain is a pure
// function of what the API server holds. Mostly the coordinator has said the reason already, in the ManagedNode's condition Waiting, and
// explain adds the way out; where the coordinator or the agent is silent, explain finds out what is missing.
//
// What is looked at, the first that holds wins:
//
//	the kinds are not installed                      NotInstalled
//	neither Node nor ManagedNode                     NoSuchNode
//	no ManagedNode, and no group chooses the Node    NoNodeGroup
//	no ManagedNode, and several do                   GroupConflict
//	no ManagedNode, and one does                     CoordinatorSilent
//	the condition Waiting is true                    as the coordinator says
//	the agent has not seen the spec                  AgentSilent
//	the node still has to be told the revision       CoordinatorSilent
//	the phase waits for the coordinator              CoordinatorSilent
//	the phase is a dead end                          RevisionFailed, PlanFailed, NodePaused
package explain

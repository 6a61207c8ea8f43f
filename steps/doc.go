// Package steps races and breaks the requests of one session, call by call, in the time of a
// testing/synctest bubble. It has tests only. Their words:
//
//   - A stage is one app on two nodes, with one store and one provider, in a bubble.
//   - A front intercepts the calls of those two: it performs a call, or does not, and decides what
//     the guard gets. A stage has one.
//   - A scene is one session on the stage, with the browser of its user, and a thief who has
//     cookies of a generation that is long past. A state says what the browser's next request will
//     do: be served, refresh the session, rebuild its record.
//   - An actor is a request that the front stops before and after each of its calls.
//   - A move is what an actor does between two stops: one call, or what lies between two calls.
//   - A schedule says which of two actors takes the next move, or that time passes first. The tests
//     walk every schedule that differs in more than the order of independent moves.
//   - A hold stops the background work of the guards while two actors race.
//   - A fault is a way in which one call goes wrong: an error before it took effect or after, a
//     deadline, a hang.
//   - An ender is something that ends the session: a logout, a theft, a refusal, an administrator.
//
// stage_test.go, front_test.go and scene_test.go are where to begin; schedule_test.go and
// actor_test.go are the races.
package steps

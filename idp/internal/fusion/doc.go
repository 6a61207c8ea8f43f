// Package fusion is the dialect of FusionAuth's HTTP API: how it writes requests, answers and
// errors. It knows nothing of users and logins.
package fusion

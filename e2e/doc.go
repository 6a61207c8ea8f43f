// Package e2e shows what only a real browser can show: that Chromium keeps the cookies as it
// should, that no script and no other site can get at them, and that a person who uses the store or
// the forums does not notice an expired session.
//
// It has tests only. They need Chromium, and fail without it: on the PATH, at /usr/bin/chromium, or
// at $CHROMIUM.
//
// Most tests run both apps in the test's own process, with the real guard, the real provider over a
// socket, and one clock that the test moves forward; demo_test.go runs the real binary. One
// Chromium is shared, in which each test has its own browsers (profiles). A test that fails leaves
// a picture of each tab: in the directory that it logs, or, with go test -artifacts, among its
// artifacts.
//
// Tests of bound sessions run the apps over https, in a second Chromium that keeps its keys in
// software. They fail where it cannot bind sessions: the headless shell cannot, and neither can
// versions that have dropped the two features which binding_test.go turns on.
package e2e

package schemes

// facts are well-known properties of the schemes, so that the models cannot rot. Latchkey is not
// among them: TestSchemes requires all of them of it.
var facts = []struct{ row, who, want string }{
	{"two tabs race at the expiry", "one-time", signedOut},
	{"lost answer, retried at once", "one-time", signedOut},
	{"provider down at the refresh", "one-time", kept},
	{"a token that the victim has just used, inside the grace", "one-time", "never in"},

	{"two tabs race at the expiry", "grace", kept},
	{"lost answer, retried at once", "grace", kept},
	{"lost answer, retried after six hours", "grace", signedOut},
	{"thief and victim in turn", "grace", "shut out in 0:45 h"}, // and nobody is alerted
	{"refreshes first, lies low for six hours", "grace", stays}, // it is the victim who is shut out
	{"refreshes first, lies low for six hours", "grace, reuse revokes", "caught in 1:06 h"},
	{"treadmill: the last token again, inside each window", "grace, reuse revokes", stays},

	{"two nodes race", "forking grace", kept},
	{"lost answer, retried after six hours", "forking grace", signedOut},
	{"a token that the victim has just used, inside the grace", "forking grace", stays},
	{"the refresh token only", "forking grace", "caught in 0:05 h"}, // the victim's access token dies with the thief's refresh, and the grace is over

	{"lost answer, retried after six hours", "parent and child", kept},
	{"answers out of order, the older cookies last", "parent and child", signedOut},
	{"treadmill: the last token again, inside each window", "parent and child", "caught in 0:50 h"}, // the victim uses their child first, and the other one's is refused

	{"lost answer, retried after six hours", "parent of active", kept},
	{"killed before the new cookies reach the disk", "parent of active", kept},
	{"thief and victim in turn", "parent of active", stays},
	{"refreshes first, lies low for six hours", "parent of active", "caught in 7:11 h"}, // the thief is far behind by then

	{"killed before the new cookies reach the disk", "reusable", kept},
	{"thief and victim in turn", "reusable", stays},
	{"logout while a refresh is under way", "reusable", loggedOff},
}

package idp

import "github.com/latchkey-dev/latchkey/idp/internal/password"

// RunHashWorker lets a [Server] hash passwords in processes of their own, so that a flood of logins
// delays no other request of the program. Call it first in main:
//
//	func main() {
//		idp.RunHashWorker()
//		// …
//	}
//
// A Server starts the running program once more for each hash that it computes at the same time. In
// these processes RunHashWorker serves, and never returns; they end with the program. In any other
// process it returns at once. A worker that dies is replaced.
//
// Without this call, on systems other than Linux, and while no worker can be started, the Server
// hashes in the program's own process, and says so in the log.
func RunHashWorker() { password.RunWorker() }

// useWorkers moves hashing out of programs that serve requests.
func (c Config) useWorkers(h *password.Hasher) {
	switch {
	case c.LeaveEvents || c.Hash.InsecureHash || !password.WorkersSupported:
	case !password.Runnable():
		c.Logger.Info("passwords are hashed in this process: a flood of logins delays its other requests; call idp.RunHashWorker first in main")
	default:
		h.UseWorkers(c.Logger)
	}
}

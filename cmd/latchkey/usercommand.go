package main

type userCommand struct {
	Add           userAddCommand      `cmd:"" help:"Add a user to the embedded provider, registered for its applications. The password is read from the terminal or from standard input."`
	Register      userRegisterCommand `cmd:"" help:"Let a user there is into applications, or give them other roles there."`
	Verify        userVerifyCommand   `cmd:"" help:"Mark the e-mail address of a user as verified: you know that it is theirs."`
	List          userListCommand     `cmd:"" help:"List users."`
	Show          userShowCommand     `cmd:"" help:"Show a user."`
	Lock          userLockCommand     `cmd:"" help:"Lock a user out: refresh tokens are revoked, and the sessions of a gateway that runs end within a second or two."`
	Unlock        userUnlockCommand   `cmd:"" help:"Let a user in again."`
	Delete        userDeleteCommand   `cmd:"" help:"Delete a user for good, with all registrations. Sessions end as with lock."`
	ResetPassword userPasswordCommand `cmd:"" help:"Give a user a new password, which is read from the terminal or from standard input. Refresh tokens are revoked, and sessions end as with lock."`
	Import        userImportCommand   `cmd:"" help:"Import users from a file in the format of FusionAuth's import, hashes of other systems included: all of them, or none."`
}

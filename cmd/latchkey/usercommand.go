package main

type userCommand struct {
	Add           userAddCommand      `cmd:"" help:"Add a user to the embedded provider, registered for its applications. The password is read from the terminal or standard input."`
	Register      userRegisterCommand `cmd:"" help:"Register an existing user for applications, or change their roles there."`
	Verify        userVerifyCommand   `cmd:"" help:"Mark a user's e-mail address as verified, because you know that it is theirs."`
	List          userListCommand     `cmd:"" help:"List users."`
	Show          userShowCommand     `cmd:"" help:"Show a user."`
	Lock          userLockCommand     `cmd:"" help:"Lock a user out: their refresh tokens are revoked, and their sessions at a running gateway end within two seconds."`
	Unlock        userUnlockCommand   `cmd:"" help:"Unlock a user."`
	Delete        userDeleteCommand   `cmd:"" help:"Delete a user permanently, with all registrations. Sessions end as with lock."`
	ResetPassword userPasswordCommand `cmd:"" help:"Set a user's password, read from the terminal or standard input. Refresh tokens are revoked, and sessions end as with lock."`
	Import        userImportCommand   `cmd:"" help:"Import users from a file in the format of FusionAuth's import, with hashes of other systems too: all users, or none."`
}

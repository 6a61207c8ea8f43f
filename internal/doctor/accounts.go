package doctor

// applicationMails and tenantMails are the templates with which FusionAuth writes to users. An
// application's templates take precedence over the tenant's.
type applicationMails struct {
	Verification   string `json:"emailVerificationEmailTemplateId"`
	ForgotPassword string `json:"forgotPasswordEmailTemplateId"`
}

type tenantMails struct {
	VerifyEmail    bool   `json:"verifyEmail"`
	Verification   string `json:"verificationEmailTemplateId"`
	ForgotPassword string `json:"forgotPasswordEmailTemplateId"`
	Unverified     struct {
		Behavior string `json:"behavior"`
	} `json:"unverified"`
}

// judgeAccounts says what keeps users from registering, verifying an address, or resetting a
// password.
func judgeAccounts(a App, app application, t tenant) []Finding {
	if a.Accounts == "" {
		return nil
	}
	f := findings{app: a.name()}
	mails := t.EmailConfiguration
	if a.Accounts == "verified" {
		if !mails.VerifyEmail {
			f.add(Problem, "verify_email", "nobody can verify an address, which accounts: verified requires: users who register can never log in", "enable emailConfiguration.verifyEmail: the tenant's Email tab, Verify email")
		}
		if mails.Unverified.Behavior != "Gated" {
			f.add(Warning, "unverified_behavior", "the tenant issues tokens to users whose address is not verified; Latchkey refuses them and revokes the tokens again", "set emailConfiguration.unverified.behavior to Gated: the tenant's Email tab, Unverified behavior")
		}
		if app.EmailConfiguration.Verification+mails.Verification == "" {
			f.add(Problem, "mail_verification", "no mail template for verifying an address", "set emailConfiguration.verificationEmailTemplateId: the tenant's Email tab, Email verification template; docs/fusionauth.md has its link")
		}
	}
	if app.EmailConfiguration.ForgotPassword+mails.ForgotPassword == "" {
		f.add(Problem, "mail_forgot_password", "no mail template for resetting a password", "set emailConfiguration.forgotPasswordEmailTemplateId: the tenant's Email tab, Forgot password template; docs/fusionauth.md has its link")
	}
	if f.all == nil {
		f.add(OK, "accounts", "the tenant sends the mails that accounts need", "")
	}
	return f.all
}

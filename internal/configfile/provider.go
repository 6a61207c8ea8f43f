package configfile

import (
	"net"
	"net/url"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/issuer"
)

func (r *reader) provider(key string, n *yaml.Node, p *Provider) {
	r.mapping(key, n, fields{
		"url": r.httpURL(&p.URL), "plain_http_on_a_trusted_network": r.boolean(&p.PlainHTTP), "api_key": r.secret(&p.APIKey), "api_key_file": r.secretFile(&p.APIKey), "tenant_id": r.uuid(&p.TenantID),
		"issuer": r.text(&p.Issuer), "password_checked_first": r.boolean(&p.PasswordCheckedFirst), "listen": r.address(&p.Listen),
		"webhook_secret": r.secret(&p.Webhook.Secret), "webhook_secret_file": r.secretFile(&p.Webhook.Secret), "webhook_public_key_file": r.textFile(&p.Webhook.PublicKey),
		"webhook_key_set": r.boolean(&p.Webhook.KeySet), "breached_passwords": r.existingFile(&p.BreachedPasswords),
	})
	if r.missing(key + ".url") {
		r.embedded(key, p)
	} else {
		r.elsewhere(key, p)
	}
}

// embedded checks the settings of the embedded provider.
func (r *reader) embedded(key string, p *Provider) {
	for _, name := range []string{"api_key", "api_key_file", "tenant_id", "password_checked_first", "plain_http_on_a_trusted_network"} {
		if r.there(key + "." + name) {
			r.wrong(key+"."+name, "only for a FusionAuth server, but url is missing: add provider.url, such as https://auth.example.com, or leave this out to use the embedded provider")
		}
	}
	for _, name := range []string{"webhook_secret", "webhook_secret_file", "webhook_public_key_file", "webhook_key_set"} {
		if r.there(key + "." + name) {
			r.wrong(key+"."+name, "only for a FusionAuth server, but url is missing: the embedded provider needs no webhook settings, so leave this out")
		}
	}
	if r.read(key + ".issuer") {
		if err := issuer.Check(p.Issuer); err != nil {
			r.wrong(key+".issuer", err.Error())
		}
	}
	if host, _, err := net.SplitHostPort(p.Listen); err == nil && r.read(key+".listen") && !loopback(host) {
		r.wrong(key+".listen", "the embedded provider speaks plain HTTP: use a loopback address, such as 127.0.0.1:9011")
	}
}

// elsewhere checks the settings of a FusionAuth server.
func (r *reader) elsewhere(key string, p *Provider) {
	if r.missing(key + ".api_key") {
		r.wrong(key+".api_key", "missing: write api_key: ${FUSIONAUTH_API_KEY}, or api_key_file with the name of a file")
	}
	for _, name := range []string{"breached_passwords", "listen"} {
		if r.there(key + "." + name) {
			r.wrong(key+"."+name, "only for the embedded provider, but url is set: leave one of the two out")
		}
	}
	if u, err := url.Parse(p.URL); err == nil && r.read(key+".url") {
		plain := u.Scheme == "http" && !loopback(u.Hostname())
		switch {
		case plain && !p.PlainHTTP && !r.unread[key+".plain_http_on_a_trusted_network"]:
			r.wrong(key+".url", "plain HTTP to another machine: passwords, tokens and the API key would cross the network unencrypted. "+
				"Use https://, or, on a trusted network, add plain_http_on_a_trusted_network: true")
		case !plain && p.PlainHTTP:
			r.wrong(key+".plain_http_on_a_trusted_network", "the url is not plain HTTP to another machine: leave this out")
		}
	}
	switch w := p.Webhook; {
	case w.Secret != "" && w.PublicKey != "" || w.KeySet && w.Secret+w.PublicKey != "":
		r.wrong(key, "webhook_…: set only one of webhook_secret, webhook_public_key_file and webhook_key_set")
	case w.Secret != "" && len(w.Secret) < 32:
		r.wrong(key+".webhook_secret", "shorter than 32 characters: it could be guessed")
	}
}

package configfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/configfile"
	"github.com/latchkey-dev/latchkey/internal/mail"
)

// mistakes lists the line and key of each mistake in an error of Parse.
func mistakes(err error) (found []string) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range several.Unwrap() {
			found = append(found, mistakes(e)...)
		}
		return found
	}
	if m, ok := err.(*configfile.Mistake); ok {
		return []string{fmt.Sprintf("%d %s", m.Line, m.Key)}
	}
	if err != nil {
		found = append(found, err.Error())
	}
	return found
}

// Each mistake is found once, at its line.
func TestWhereMistakesAre(t *testing.T) {
	const mail = "mail: {folder: outbox, from: a@example.com}\n"
	fusionAuth := func(more string) string {
		return "provider:\n  url: https://auth.example.com\n  api_key: x\n" + more + least[1:]
	}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"application id":                  {strings.Replace(least, "3c219e58-ed0e-4b18-ad48-f4f92793ae32", "shop", 1), []string{"4 apps[0].application_id"}},
		"application id in braces":        {strings.Replace(least, "3c219e58-ed0e-4b18-ad48-f4f92793ae32", "'{3c219e58-ed0e-4b18-ad48-f4f92793ae32}'", 1), []string{"4 apps[0].application_id"}},
		"tenant id":                       {fusionAuth("  tenant_id: default\n"), []string{"4 provider.tenant_id"}},
		"a store without a URL":           {"store: redis\n" + least, []string{"1 store"}},
		"another one":                     {"store: postgres\n" + least, []string{"1 store"}},
		"a store without a host":          {"store: redis://\n" + least, []string{"1 store"}},
		"a store that is no URL":          {"\nstore: postgres://h:x/y\n" + least, []string{"2 store"}},
		"sqlite elsewhere":                {"store: sqlite:///x.db\n" + least, []string{"1 store"}},
		"Redis in the clear":              {"store: redis://redis.example.com:6379\n" + least, []string{"1 store"}},
		"one of two Redis elsewhere":      {"store: redis://127.0.0.1:1,redis.example.com:2\n" + least, []string{"1 store"}},
		"a typo":                          {strings.Replace(least, "upstream", "upsteam", 1), []string{"5 apps[0].upsteam"}},
		"a typo in a required key":        {strings.Replace(least, "host", "hots", 1), []string{"3 apps[0].hots"}},
		"a typo in apps":                  {strings.Replace(least, "apps", "app", 1), []string{"2 app"}},
		"a typo of the API key":           {"provider: {url: https://x, apikey: x}\n" + least, []string{"1 provider.apikey"}},
		"a typo of the provider's URL":    {"provider:\n  ulr: https://x\n  api_key: x\n" + least, []string{"2 provider.ulr"}},
		"an empty variable":               {"provider:\n  url: https://x\n  api_key: ${EMPTY}\n" + least, []string{"3 provider.api_key"}},
		"an empty one within":             {"store: redis://:${EMPTY}@127.0.0.1\n" + least, []string{"1 store"}},
		"an empty user key":               {least + "    user_key: ${EMPTY}\n", []string{"6 apps[0].user_key"}},
		"an empty value":                  {least + "    client_secret: ''\n", []string{"6 apps[0].client_secret"}},
		"two lines":                       {"provider:\n  url: https://x\n  api_key: ${LINES}\n" + least, []string{"3 provider.api_key"}},
		"a provider in the clear":         {"provider:\n  url: http://auth.example.com\n  api_key: x\n" + least, []string{"2 provider.url"}},
		"trust without a URL":             {"provider:\n  plain_http_on_a_trusted_network: true\n" + least, []string{"2 provider.plain_http_on_a_trusted_network"}},
		"trust in TLS":                    {fusionAuth("  plain_http_on_a_trusted_network: true\n"), []string{"4 provider.plain_http_on_a_trusted_network"}},
		"a proxy that nobody trusts":      {"listen: :80\nplain_http_behind_proxy: true\n" + least, []string{"2 plain_http_behind_proxy"}},
		"an empty list of proxies":        {"listen: :80\nplain_http_behind_proxy: true\ntrusted_proxies: []\n" + least, []string{"2 plain_http_behind_proxy"}},
		"listen twice":                    {"admin: 127.0.0.1:9\nlisten: 127.0.0.1:9\n" + least, []string{"1 admin"}},
		"listen everywhere":               {"tls: local\nlisten: :443\nredirect: 127.0.0.1:443\n" + least, []string{"3 redirect"}},
		"listen where the provider is":    {"listen: 127.0.0.1:9011\n" + least, []string{"1 listen"}},
		"the provider and health":         {"admin: 127.0.0.1:9\nprovider:\n  listen: 127.0.0.1:9\n" + least, []string{"1 admin"}},
		"no apps":                         {"apps: []\n", []string{"1 apps"}},
		"accounts without mail":           {least + "    accounts: existing\n", []string{"6 apps[0].accounts"}},
		"proof without mail":              {least + "    accounts: verified\n", []string{"6 apps[0].accounts"}},
		"anybody without mail":            {least + "    accounts: unverified\n", []string{"6 apps[0].accounts"}},
		"accounts, a typo in mail":        {"mial: {folder: outbox, from: a@example.com}\n" + least + "    accounts: existing\n", []string{"1 mial"}},
		"proof and none":                  {mail + least[1:] + "    accounts: verified\n  - {host: b.localhost, application_id: 7a0e4b0e-6a0c-4f0e-9a60-0d1f6c1e4a02, upstream: 'http://h', accounts: unverified}\n", []string{"7 apps[1].accounts"}},
		"a page without accounts":         {least + "    account_page: /account\n", []string{"6 apps[0].account_page"}},
		"a page of a FusionAuth's mails":  {fusionAuth("") + "    accounts: existing\n    account_page: /account\n", []string{"9 apps[0].account_page"}},
		"routes everywhere":               {least + "    base_path: /\n", []string{"6 apps[0].base_path"}},
		"routes of the gateway's":         {least + "    base_path: /.latchkey\n", []string{"6 apps[0].base_path"}},
		"a pattern for routes":            {least + "    base_path: /{x}\n", []string{"6 apps[0].base_path"}},
		"a page elsewhere":                {mail + least[1:] + "    accounts: existing\n    account_page: https://www.example.com/account\n", []string{"7 apps[0].account_page"}},
		"a page on another host":          {mail + least[1:] + "    accounts: existing\n    account_page: //www.example.com\n", []string{"7 apps[0].account_page"}},
		"a page with a fragment":          {mail + least[1:] + "    accounts: existing\n    account_page: '/#/account'\n", []string{"7 apps[0].account_page"}},
		"mail of a FusionAuth":            {fusionAuth(mail), []string{"4 mail"}},
		"mail nowhere":                    {"mail: {from: a@example.com}\n" + least, []string{"1 mail"}},
		"mail twice":                      {"mail:\n  folder: outbox\n  smtp: localhost:25\n  from: a@example.com\n" + least, []string{"1 mail"}},
		"mail from nobody":                {"mail:\n  folder: outbox\n" + least, []string{"1 mail.from"}},
		"mail from no address":            {"mail:\n  folder: outbox\n  from: Shop\n" + least, []string{"3 mail.from"}},
		"mail without a port":             {"mail:\n  smtp: smtp.example.com\n  from: a@example.com\n" + least, []string{"2 mail.smtp"}},
		"mail in the clear":               {"mail:\n  smtp: smtp.example.com:25\n  tls: none\n  from: a@example.com\n" + least, []string{"3 mail.tls"}},
		"an encryption unheard of":        {"mail:\n  smtp: smtp.example.com:25\n  tls: ssl\n  from: a@example.com\n" + least, []string{"3 mail.tls"}},
		"a user without a password":       {"mail:\n  smtp: smtp.example.com:25\n  from: a@example.com\n  username: a\n" + least, []string{"4 mail.username"}},
		"a password without a user":       {"mail:\n  smtp: smtp.example.com:25\n  from: a@example.com\n  password: a\n" + least, []string{"4 mail.password"}},
		"mail into a file":                {"mail:\n  from: a@example.com\n  folder: configfile_test.go\n" + least, []string{"3 mail.folder"}},
		"mail for everybody":              {"mail:\n  from: a@example.com\n  folder: /tmp\n" + least, []string{"3 mail.folder"}},
		"a folder with a password":        {"mail:\n  folder: outbox\n  from: a@example.com\n  tls: implicit\n" + least, []string{"4 mail.tls"}},
		"two secrets of one":              {least + "  - {host: b.localhost, application_id: 3C219E58-ed0e-4b18-ad48-f4f92793ae32, upstream: 'http://h', client_secret: x}\n", []string{"6 apps[1].client_secret"}},
		"an invalid port":                 {strings.Replace(least, "app.localhost", "app.localhost:99999", 1), []string{"3 apps[0].host"}},
		"a header's name":                 {least + "    headers:\n      Bad Header: x\n", []string{"7 apps[0].headers.Bad Header"}},
		"a header's value":                {least + "    headers:\n      X-Good: na\u00efve\n", []string{"7 apps[0].headers.X-Good"}},
		"a header of the message":         {least + "    headers:\n      content-length: 1\n", []string{"7 apps[0].headers.content-length"}},
		"a cookie":                        {least + "    headers:\n      Set-Cookie: a=b\n", []string{"7 apps[0].headers.Set-Cookie"}},
		"quotes of a text program":        {least + "    csp: default-src ‘self’\n", []string{"6 apps[0].csp"}},
		"a host with a space":             {strings.Replace(least, "app.localhost", "app localhost", 1), []string{"3 apps[0].host"}},
		"a host with a dot at the end":    {strings.Replace(least, "app.localhost", "app.example.com.", 1), []string{"3 apps[0].host"}},
		"a user in the host":              {strings.Replace(least, "app.localhost", "me@app.localhost", 1), []string{"3 apps[0].host"}},
		"an upstream's port":              {strings.Replace(least, ":3000", ":99999", 1), []string{"5 apps[0].upstream"}},
		"an upstream without a name":      {strings.Replace(least, "127.0.0.1:3000", ":3000", 1), []string{"5 apps[0].upstream"}},
		"a name":                          {least + "    name: ''\n", []string{"6 apps[0].name"}},
		"an issuer that is no URL":        {"provider:\n  issuer: latchkey\n" + least, []string{"2 provider.issuer"}},
		"an issuer with a slash":          {"provider: {issuer: 'https://auth.example.com/'}\n" + least, []string{"1 provider.issuer"}},
		"a filter that is not there":      {"provider:\n  breached_passwords: nowhere\n" + least, []string{"2 provider.breached_passwords"}},
		"root certificates":               {"tls:\n  auto: true\n  root_file: nowhere\n" + strings.Replace(least[1:], "app.localhost", "app.example.com", 1), []string{"3 tls.root_file"}},
		"a variable with a default":       {least + "    user_key: ${NONE:-0123456789abcdef0123456789abcdef}\n", []string{"6 apps[0].user_key"}},
		"a variable that must be there":   {least + "    user_key: ${NONE:?the key of the header must be set}\n", []string{"6 apps[0].user_key"}},
		"a variable with hyphens":         {least + "    user_key: ${the-key-of-the-shop-s-user-header}\n", []string{"6 apps[0].user_key"}},
		"a variable without an end":       {least + "    user_key: ${THE_KEY_OF_THE_SHOP_S_USER_HEADER\n", []string{"6 apps[0].user_key"}},
		"a variable without braces":       {least + "    user_key: $THE_KEY_OF_THE_SHOP_S_USER_HEADER\n", []string{"6 apps[0].user_key"}},
		"a variable of blanks":            {least + "    client_secret: ${BLANKS}\n", []string{"6 apps[0].client_secret"}},
		"a secret of blanks":              {least + "    client_secret: '  '\n", []string{"6 apps[0].client_secret"}},
		"a tag of another program":        {least + "    user_key: !secret the_key_of_the_shop_s_user_header\n", []string{"6 apps[0].user_key"}},
		"a tag that is read as text":      {least + "    user_key: !!binary aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8=\n", []string{"6 apps[0].user_key"}},
		"a tagged list":                   {least + "    protect: !include [/api/]\n", []string{"6 apps[0].protect"}},
		"a header twice":                  {least + "    headers:\n      X-A: a\n      x-a: b\n", []string{"8 apps[0].headers.x-a"}},
		"a policy twice":                  {least + "    csp: default-src 'self'\n    headers:\n      content-security-policy: ''\n", []string{"8 apps[0].headers.content-security-policy"}},
		"no YAML":                         {"listen: 127.0.0.1:1\nlisten: [\n", []string{"3 "}},
		"a tab":                           {"apps:\n\t- host: x\n", []string{"2 "}},
		"two documents":                   {least + "---\na: 1\n", []string{"6 "}},
		"everybody is a proxy":            {"trusted_proxies:\n  - 0.0.0.0/0\n  - ::/0\n  - ::ffff:0.0.0.0/96\n" + least, []string{"2 trusted_proxies[0]", "3 trusted_proxies[1]", "4 trusted_proxies[2]"}},
		"a proxy in a zone":               {"trusted_proxies: ['fe80::1%eth0']\n" + least, []string{"1 trusted_proxies[0]"}},
		"PostgreSQL, with TLS perhaps":    {"store: postgres://db.example.com/x?sslmode=prefer\n" + least, []string{"1 store"}},
		"PostgreSQL without verification": {"store: postgres://db.example.com/x?sslmode=require\n" + least, []string{"1 store"}},
		"an upstream that is the gateway": {strings.Replace(least, ":3000", ":8080", 1), []string{"5 apps[0].upstream"}},
		"a page that is the gateway":      {least + "    spa: http://localhost:8080\n", []string{"6 apps[0].spa"}},
		"ACME's settings, for files":      {"tls:\n  cert_file: /dev/null\n  key_file: nowhere\n  email: a@example.com\n" + least, []string{"3 tls.key_file", "4 tls.email"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(c.text)
			if got := mistakes(err); !slices.Equal(got, c.want) {
				t.Errorf("%q: %v", got, err)
			}
		})
	}
}

// What looks like a mistake, and is not.
func TestTaken(t *testing.T) {
	for name, text := range map[string]string{
		"Redis on this machine":            "store: redis://localhost,127.0.0.1:7000\n" + least,
		"Redis with TLS":                   "store: rediss://:x@redis.example.com\n" + least,
		"Redis in a network of its own":    "store: redis://redis:6379?sslmode=disable\n" + least,
		"PostgreSQL, a network of its own": "store: postgres://db/x?sslmode=disable\n" + least,
		"PostgreSQL, another authority":    "store: postgres://db.example.com/x?sslmode=verify-ca\n" + least,
		"PostgreSQL here":                  "store: postgres://localhost/x?sslmode=prefer\n" + least,
		"letters like a variable's":        "provider: {url: 'https://x', api_key: 'a$b$${C}$'}\n" + least,
		"a tag for what it is":             least + "    bearer: !!bool false\n    protect: !!seq [!!str /api/]\n",
		"a proxy as both families have it": "trusted_proxies: ['::ffff:10.0.0.0/104']\n" + least,
		"PostgreSQL":                       "store: postgres://latchkey@db.example.com/latchkey\n" + least,
		"a provider on this machine":       "provider: {url: 'http://localhost:9011', api_key: x}\n" + least,
		"an issuer":                        "provider: {issuer: 'https://auth.example.com/idp'}\n" + least,
		"an issuer of a FusionAuth":        "provider: {url: 'https://x', api_key: x, issuer: acme.com}\n" + least,
		"a provider nearby":                "provider: {url: 'http://fusionauth:9011', api_key: x, plain_http_on_a_trusted_network: true}\n" + least,
		"accounts with mail":               "mail: {smtp: 'localhost:1025', tls: none, from: 'Shop <a@example.com>'}\n" + least + "    accounts: existing\n",
		"routes elsewhere":                 least + "    base_path: /auth/\n",
		"a page of the app's own":          "mail: {folder: outbox, from: a@example.com}\n" + least + "    accounts: verified\n    account_page: /settings/account\n",
		"accounts of a FusionAuth":         "provider: {url: 'https://x', api_key: x}\n" + least + "    accounts: verified\n",
		"ports of the system's choice":     "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nprovider: {listen: 127.0.0.1:0}\n" + least,
		"one port, two addresses":          "listen: 127.0.0.1:8080\nadmin: 127.0.0.2:8080\n" + least,
		"two hosts of one application":     least + "  - {host: b.localhost, application_id: 3C219E58-ed0e-4b18-ad48-f4f92793ae32, upstream: 'http://h'}\n",
		"a header left out":                least + "    csp: ''\n    headers: {X-Frame-Options: ''}\n",
	} {
		if _, err := parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMail(t *testing.T) {
	f, err := parse("mail:\n  smtp: smtp.example.com:587\n  tls: implicit\n  username: shop\n  password: ${KEY}\n  from: Shop <no-reply@example.com>\n" + least)
	if err != nil {
		t.Fatal(err)
	}
	want := mail.SMTP{Addr: "smtp.example.com:587", TLS: mail.Implicit, Username: "shop", Password: "from: the environment", From: "Shop <no-reply@example.com>"}
	if f.Mail.SMTP != want || !f.Mail.On() {
		t.Errorf("%+v", f.Mail)
	}
	if f, err = parse("mail: {folder: /var/outbox, from: a@example.com}\n" + least); err != nil || f.Mail.Folder != "/var/outbox" || f.Mail.From != "a@example.com" || !f.Mail.On() {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err = parse(least); err != nil || f.Mail.On() {
		t.Errorf("%+v, %v", f, err)
	}
}

// A line break after a secret is not part of it, in a variable, in a file or in a YAML block.
func TestEndOfLine(t *testing.T) {
	f, err := parse("provider:\n  url: https://x\n  api_key: ${LINE}\n" + least + "    client_secret: |\n      a secret\n")
	if err != nil {
		t.Fatal(err)
	}
	if f.Provider.APIKey != "a key" || f.Apps[0].ClientSecret != "a secret" {
		t.Errorf("%q, %q", f.Provider.APIKey, f.Apps[0].ClientSecret)
	}
}

// Only the parts that are asked for need their variables and files.
func TestReadPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.yaml")
	text := "data: ${LATCHKEY_TEST_DATA}\nstore: ${NONE}\nlisten: ${NONE}\nsession: {idle: '${NONE}', cache: '${NONE}'}\nmail: {smtp: localhost:25, username: a, password: '${NONE}', from: '${NONE}'}\n" +
		"apps:\n  - {host: '${NONE}', application_id: 3c219e58-ed0e-4b18-ad48-f4f92793ae32, upstream: '${NONE}', spa: nowhere, user_key_file: nowhere, client_secret: '${NONE}', bearer: '${NONE}', accounts: verified}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := configfile.ReadPart(path, configfile.Only("data", "apps.application_id")); !slices.Equal(mistakes(err), []string{"1 data"}) {
		t.Errorf("a variable that is asked for: %v", err)
	}
	t.Setenv("LATCHKEY_TEST_DATA", "/var/lib/latchkey")
	f, err := configfile.ReadPart(path, configfile.Only("data", "apps.application_id"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Data != "/var/lib/latchkey" || f.Apps[0].ApplicationID != "3c219e58-ed0e-4b18-ad48-f4f92793ae32" || f.Apps[0].Line != 7 {
		t.Errorf("%+v", f)
	}
	if f, err := configfile.ReadPart(path, configfile.Except("store", "listen", "session.idle", "session.cache", "mail.password", "mail.from", "apps.host", "apps.upstream", "apps.spa",
		"apps.user_key_file", "apps.client_secret", "apps.bearer")); err != nil || f.Apps[0].Accounts != "verified" {
		t.Errorf("all but what is missing: %v", err)
	}
	if _, err := configfile.Read(path); len(mistakes(err)) < 10 {
		t.Errorf("all of it: %v", err)
	}
}

// A file with more than one line of text cannot be a secret: it would match nothing, or be refused
// at each use.
func TestSecretFiles(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	path := filepath.Join(t.TempDir(), "secret")
	for content, good := range map[string]bool{
		key: true, key + "\n": true, key + "\r\n": true, "\ufeff" + key + "\r\n": true, key + "\n\n": true,
		"": false, "\n": false, "  \n": false, key + "\nand another": false, "\n" + key: false, key + "\x00": false, key + "\x80": false, "0\x001\x002\x00": false,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := parse(least + "    client_secret_file: " + path + "\n")
		switch {
		case (err == nil) != good:
			t.Errorf("%q: %v", content, err)
		case good && f.Apps[0].ClientSecret != key:
			t.Errorf("%q is read as %q", content, f.Apps[0].ClientSecret)
		case !good && !slices.Equal(mistakes(err), []string{"6 apps[0].client_secret_file"}):
			t.Errorf("%q: %v", content, err)
		}
	}
}

// A file whose secrets others can read, or whose content others can change, is refused before it is
// used.
func TestModes(t *testing.T) {
	dir := t.TempDir()
	path, secret := filepath.Join(dir, "latchkey.yaml"), filepath.Join(dir, "secret")
	const key = "0123456789abcdef0123456789abcdef"
	t.Setenv("LATCHKEY_TEST_KEY", key)
	for name, c := range map[string]struct {
		extra       string
		file, other os.FileMode
		good        bool
	}{
		"nothing secret":          {"", 0o644, 0o600, true},
		"a variable":              {"    user_key: ${LATCHKEY_TEST_KEY}\n", 0o644, 0o600, true},
		"a file":                  {"    user_key_file: secret\n", 0o644, 0o600, true},
		"a file for all":          {"    user_key_file: secret\n", 0o644, 0o644, false},
		"a secret":                {"    user_key: " + key + "\n", 0o600, 0o600, true},
		"a secret for all":        {"    user_key: " + key + "\n", 0o644, 0o600, false},
		"a store's password":      {"store: redis://:" + key + "@127.0.0.1\n", 0o644, 0o600, false},
		"a store's, as a setting": {"store: postgres:///x?user=u&password=" + key + "\n", 0o644, 0o600, false},
		"a store's, by variable":  {"store: redis://:${LATCHKEY_TEST_KEY}@127.0.0.1\n", 0o644, 0o600, true},
		"everybody may change it": {"", 0o666, 0o600, false},
	} {
		text := least + c.extra
		if strings.HasPrefix(c.extra, "store") {
			text = c.extra + least
		}
		for file, content := range map[string]string{path: text, secret: key + "\n"} {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, c.file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(secret, c.other); err != nil {
			t.Fatal(err)
		}
		if _, err := configfile.Read(path); (err == nil) != c.good || err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

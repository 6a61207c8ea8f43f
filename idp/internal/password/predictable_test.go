package password

import (
	"strings"
	"testing"
)

func TestPWD10_Predictable(t *testing.T) {
	names := []string{"ada.lovelace@example.com", "Countess", "The Corner Shop"}
	for _, p := range []string{
		"aaaaaaaaaaaaaaa", "abababababababab", "password1234567", "passwordpassword", "Password2024!!!!", "P@ssw0rdP@ssw0rd1", "qwertyuiopasdfgh", "1qaz2wsx3edc4rfv",
		"zyxwvutsrqponml", "123456789012345", "0987654321098765", "ada.lovelace@example.com", "Ada.Lovelace@Example.com1", "lovelacelovelace", "countesscountess1", "The Corner Shop!",
		"cornershop20242024", "latchkeylatchkey", "Latchkey Password 1", "welcomewelcome12", "1111 2222 3333 4444", strings.Repeat("é", 64), strings.Repeat("😀", 256),
		"Ｐａｓｓｗｏｒｄ１２３４５６７", "adminadmin", "qwerty12",
	} {
		if !Predictable(p, names...) {
			t.Errorf("%q passes", p)
		}
	}
	for _, p := range []string{
		"correct horse battery", "fifteen letters", "another password", "a new password for a new day", "a passphrase of Ada's", "k7#Qz!2mVp", "839201749302817",
		"je ne regrette rien", "вечерний звон у реки", "月が綺麗ですねと彼は言った夜", strings.Repeat("a", 30) + " correct horse battery", "lovelace wrote notes on engines", "x", "",
	} {
		if Predictable(p, names...) {
			t.Errorf("%q is refused", p)
		}
	}
	if Predictable("lovelacecountess", "x", "") || !Predictable("lovelacecountess", names...) {
		t.Error("the user's own names make the difference")
	}
}

// FuzzPredictable: nothing that a stranger types ends it, or makes more of it.
func FuzzPredictable(f *testing.F) {
	f.Add("password1234567", "ada@example.com")
	f.Add("\xff\u0301", "\u0301")
	f.Fuzz(func(t *testing.T, p, name string) {
		if len(p) > MaxBytes || len(name) > MaxBytes {
			return
		}
		if Predictable(p, name) && len(p) < 2 {
			t.Errorf("one character is %q", p)
		}
	})
}

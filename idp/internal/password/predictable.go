package password

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// commonWords are what most bad passwords are made of.
var commonWords = []string{
	"password", "passwort", "passphrase", "motdepasse", "contraseña", "welcome", "willkommen", "letmein", "changeme", "iloveyou", "sunshine", "princess",
	"football", "baseball", "superman", "batman", "starwars", "pokemon", "dragon", "monkey", "shadow", "master", "admin", "administrator", "login", "secret",
	"default", "trustno", "whatever", "hello", "user", "test", "guest", "access", "summer", "winter", "autumn", "spring", "january", "december", "michael", "jennifer",
	"latchkey",
}

// rows are keys that are neighbours on a keyboard.
var rows = []string{"qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "1234567890", "!@#$%^&*()", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm"}

// leet maps characters to the letters that they stand for.
var leet = map[rune]rune{'@': 'a', '4': 'a', '3': 'e', '1': 'i', '!': 'i', '0': 'o', '$': 's', '5': 's', '7': 't'}

// Predictable reports whether a password is easy to guess for its length: if more than half of it,
// or of 15 characters, is common words, names of the user or the service, runs such as 1234 or
// qwerty, or repetitions. Each of those counts as one character.
//
// A password that only begins or ends with one of those is not predictable: the rest must still be
// guessed.
func Predictable(password string, context ...string) bool {
	said := fold(password)
	words := contextWords(context)
	news := 0
	for i := 0; i < len(said); news++ {
		i += max(1, wordAt(said[i:], words), runAt(said[i:]), saidBefore(said, i))
	}
	return 2*news < min(len(said), 15)
}

func fold(s string) []rune { return []rune(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))) }

// contextWords returns the names and those parts of them that are long enough to mean something:
// the local part of an address, and its domain.
func contextWords(names []string) [][]rune {
	var words [][]rune
	for _, name := range names {
		folded := fold(name)
		words = append(words, folded)
		for _, part := range strings.FieldsFunc(string(folded), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			words = append(words, []rune(part))
		}
	}
	for _, word := range commonWords {
		words = append(words, []rune(word))
	}
	return slices.DeleteFunc(words, func(w []rune) bool { return len(w) < 4 })
}

// wordAt returns the length of the longest word at the beginning, also if digits stand for letters.
func wordAt(s []rune, words [][]rune) int {
	longest := 0
	for _, w := range words {
		if len(w) <= longest || len(w) > len(s) {
			continue
		}
		same := 0
		for same < len(w) && (s[same] == w[same] || leet[s[same]] == w[same]) {
			same++
		}
		if same == len(w) {
			longest = same
		}
	}
	return longest
}

// runAt returns the length of a run, such as aaaa, 1234, fedc or qwer, of at least three
// characters.
func runAt(s []rune) int {
	longest := 0
	for _, step := range []rune{0, 1, -1} {
		n := 1
		for n < len(s) && s[n]-s[n-1] == step {
			n++
		}
		longest = max(longest, n)
	}
	for _, row := range rows {
		longest = max(longest, walk(s, []rune(row)))
	}
	if longest < 3 {
		return 0
	}
	return longest
}

// walk returns how many characters of s follow a row of keys, in either direction.
func walk(s, row []rune) int {
	longest := 0
	for _, step := range []int{1, -1} {
		at, n := slices.Index(row, s[0]), 0
		for ; n < len(s) && at >= 0 && at < len(row) && row[at] == s[n]; n++ {
			at += step
		}
		longest = max(longest, n)
	}
	return longest
}

// saidBefore returns the length of the longest piece at i that also begins earlier. The two may
// overlap: abababab is ab, repeated.
func saidBefore(s []rune, i int) int {
	longest := 0
	for j := range i {
		n := 0
		for i+n < len(s) && s[j+n] == s[i+n] {
			n++
		}
		longest = max(longest, n)
	}
	if longest < 3 {
		return 0
	}
	return longest
}

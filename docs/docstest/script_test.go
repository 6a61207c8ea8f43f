package docstest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// The shell's own part of a script. Servers run in the background, as in another terminal of the
// reader; what a program asks at the terminal, such as a password, is read from $TYPED. Hidden
// commands may call clone, stay, stop and fails.
const prelude = `set -eu
started=""
trap stop EXIT
trap 'exit 1' TERM

at() { echo "$*" >>"$PROGRESS"; }

# clone makes the directory a clone of the repository.
clone() { cp -R "$CLONE"/. .; }

# fails COMMAND is ! COMMAND, at which the script ends.
fails() { ! "$@"; }

# stay COMMAND starts another program in another terminal.
stay() {
	set -m; "$@" </dev/null >"$LOGS/$1" 2>&1 & set +m
	started="$started $!"
}

# ready LOG waits until the program that was started last says that it is ready.
ready() {
	started="$started $!"
	while ! grep -qs '^ready ' "$1"; do
		kill -0 $! 2>/dev/null || { cat "$1"; return 1; }
		sleep 0.05
	done
}

# stop is Ctrl-C in all other terminals.
stop() {
	for job in $started; do kill -INT -- -$job 2>/dev/null || :; done
	for job in $started; do wait $job || :; done
	started=""
}
`

// Servers print "ready" on a line of their own.
var stays = regexp.MustCompile(`^(\S+=\S+ )*(\./|go run \./cmd/)?latchkey (serve|demo|idp)\b|^(\S+=\S+ )*go run (\.|main\.go)`)

// How a file on a page is checked, by the language of its block.
var lookOver = map[string]string{
	"go":     "go vet",
	"js":     "node --check",
	"json":   "", // by script itself
	"python": "python3 -m py_compile",
	"ts":     "tsc --noEmit --strict --target es2022 --module esnext --moduleResolution bundler",
	"yaml":   "latchkey config check -c",
}

// script is what the page makes its reader do.
func script(p page) (string, error) {
	var s strings.Builder
	s.WriteString(prelude)
	for _, b := range p.blocks {
		if b.comment.verb == "not run" {
			continue
		}
		commands, err := b.commands()
		if err != nil {
			return "", fmt.Errorf("%s:%d: %w", p.path, b.line, err)
		}
		fmt.Fprintf(&s, "at begin %d\n%s\nat end %d\n", b.line, commands, b.line)
	}
	return s.String(), nil
}

// commands is what a reader does with the block: write a file, or type the lines.
func (b block) commands() (string, error) {
	if b.comment.verb == "file" {
		return b.write(b.comment.rest)
	}
	if b.language != "" && b.language != "sh" {
		return "", fmt.Errorf("a block in %s: write <!-- file: NAME --> or <!-- not run: REASON --> before it", b.language)
	}
	var s strings.Builder
	for i, line := range strings.Split(b.text, "\n") {
		if stays.MatchString(line) {
			log := fmt.Sprintf("\"$LOGS/%d\"", b.line+i)
			line = fmt.Sprintf("set -m; ( exec env %s\n) <\"$TYPED\" >%s 2>&1 & set +m; ready %s", line, log, log)
		} else if regexp.MustCompile(`^(\./)?latchkey `).MatchString(line) {
			line = "exec <\"$TYPED\"\n" + line
		}
		s.WriteString(line + "\n")
	}
	return s.String(), nil
}

func (b block) write(name string) (string, error) {
	check, known := lookOver[b.language]
	if !known {
		return "", fmt.Errorf("nothing looks over a file in %q", b.language)
	}
	if b.language == "json" && !json.Valid([]byte(b.text)) {
		return "", fmt.Errorf("this is not JSON")
	}
	written := fmt.Sprintf("mkdir -p \"$(dirname %s)\"\ncat >%s <<'END OF BLOCK'\n%sEND OF BLOCK\n", name, name, b.text)
	if check != "" {
		written += check + " " + name + "\n"
	}
	return written, nil
}

package configfile

import (
	"maps"
	"slices"
	"strings"
)

// nearest is the key that was probably meant, or "".
func nearest(name string, known fields) (best string) {
	least := 3
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if d := distance(strings.ToLower(strings.ReplaceAll(name, "-", "_")), candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

func unknown(meant string, known fields) string {
	if meant != "" {
		return "unknown key: did you mean " + meant
	}
	return "unknown key: there is " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

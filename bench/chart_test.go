package bench

import (
	"fmt"
	"html"
	"strings"
)

// chart draws the ratios as bars, in colours that are readable on a light page and on a dark one.
func chart(subjects []*subject) string {
	const left, right, row, bar = 260, 60, 30, 18
	const width = 860
	var compared []*subject
	for _, s := range subjects {
		if s.bare != "" {
			compared = append(compared, s)
		}
	}
	height := row*len(compared) + 44
	scale := float64(width - left - right)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Requests a second as a part of a bare handler's" font-family="system-ui, sans-serif" font-size="14">`+"\n", width, height)
	b.WriteString(`<style>text{fill:#24292f}.ours{fill:#2f6f4f}.peer{fill:#8b949e}.grid{stroke:#8b949e;stroke-opacity:.35}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ours{fill:#5fbf8f}.peer{fill:#6e7681}}</style>` + "\n")
	for part := 0; part <= 4; part++ {
		x := left + scale*float64(part)/4
		fmt.Fprintf(&b, `<line class="grid" x1="%.0f" x2="%.0f" y1="8" y2="%d"/><text x="%.0f" y="%d" text-anchor="middle" font-size="12">%.2f</text>`+"\n", x, x, height-26, x, height-8, float64(part)/4)
	}
	for i, s := range compared {
		class := "peer"
		if strings.HasPrefix(s.name, "Latchkey") {
			class = "ours"
		}
		y, value := 10+row*i, s.ratio()
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect class="%s" x="%d" y="%d" width="%.0f" height="%d" rx="3"/><text x="%.0f" y="%d">%.2f</text>`+"\n",
			left-10, y+14, html.EscapeString(s.name), class, left, y, max(2, scale*min(1, value)), bar, left+scale*min(1, value)+8, y+14, value)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

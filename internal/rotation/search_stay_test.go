package rotation

// A stay is how long a thief can go on being served.
type stay struct {
	ticks   int // from some moment after the theft to the last time that they are served
	endless bool
	layers  [][]uint16
}

// longestStay follows every history in which the browser gets a response at least every gap ticks.
// It finds the one with the longest time from any moment after the theft to the last time that the
// thief is served. The stay is endless if there is a cycle on which time passes, the thief is
// served, and the browser gets responses often enough.
//
// Layer t holds the worlds from which the thief can be served t or more ticks later, with the ticks
// since the last response to the browser (bit g).
func (g *graph) longestStay(gap uint8) stay {
	all := uint16(1)<<(gap+1) - 1
	layer := make([]uint16, len(g.worlds))
	for i := range g.worlds {
		for _, e := range g.edges[g.first[i]:g.first[i+1]] {
			if e.kind&serves != 0 {
				layer[i] = all
			}
		}
	}
	layers := [][]uint16{g.sameTick(layer, all)}
	for {
		last := layers[len(layers)-1]
		next := make([]uint16, len(g.worlds))
		for i := range g.worlds {
			for _, e := range g.edges[g.first[i]:g.first[i+1]] {
				if e.kind&passes != 0 && g.worlds[i].stolen {
					next[i] |= last[e.to] >> 1
				}
			}
		}
		next = g.sameTick(next, all)
		any, same := false, true
		for i := range next {
			any = any || next[i] != 0
			same = same && next[i] == last[i]
		}
		if !any || same || len(layers) > endlessStay {
			return stay{ticks: len(layers) - 1, endless: any, layers: layers}
		}
		layers = append(layers, next)
	}
}

// endlessStay is so many ticks that the stay is endless: the layers may recur in turn.
const endlessStay = 100

// sameTick adds the worlds from which a world of the layer can be reached within the same tick.
func (g *graph) sameTick(layer []uint16, all uint16) []uint16 {
	for changed := true; changed; {
		changed = false
		for i := len(layer) - 1; i >= 0; i-- {
			if !g.worlds[i].stolen {
				continue
			}
			mask := layer[i]
			for _, e := range g.edges[g.first[i]:g.first[i+1]] {
				switch to := layer[e.to]; {
				case e.kind&passes != 0:
				case e.kind&comes == 0:
					mask |= to
				case to&1 != 0:
					mask |= all
				}
			}
			changed = changed || mask != layer[i]
			layer[i] = mask
		}
	}
	return layer
}

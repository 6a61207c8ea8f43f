package rotation

// A stay is how long a thief can go on being served.
type stay struct {
	ticks   int // from some moment after the theft to the last time that he is served
	endless bool
	layers  [][]uint16
}

// longestStay follows every history in which the browser is answered at least every gap ticks, and finds the one in which the thief is served
// for the last time as long as possible after any moment since the theft. Where there is a circle on which time passes, he is served and the browser is
// answered often enough, it is endless.
//
// Layer t holds the worlds, with the ticks since the browser was answered (bit g), from which the thief can be served t ticks later or later still.
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
		if !any || same {
			return stay{ticks: len(layers) - 1, endless: any, layers: layers}
		}
		layers = append(layers, next)
	}
}

// sameTick adds the worlds from which one of the layer can be reached in no time.
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

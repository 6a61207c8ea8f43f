package store

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A product is something to buy. Its picture is /art/<id>.svg.
type product struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Blurb      string `json:"blurb"`
	Shelf      string `json:"shelf"`
	PriceCents int64  `json:"priceCents"`
}

// catalogue lists everything that the shop sells, in order.
var catalogue = [...]product{
	{"kettle", "Harbour kettle", "Enamelled steel, 1.2 litres. Sings when it is done.", "Kitchen", 5400},
	{"mug", "Two-tone mug", "Stoneware that keeps its heat and forgives being dropped once.", "Kitchen", 1600},
	{"knife", "Orchard knife", "Short blade, walnut grip, for apples and parcels.", "Kitchen", 3850},
	{"pepper-mill", "Tall pepper mill", "Turned beech with a ceramic heart. From dust to gravel.", "Kitchen", 4200},
	{"lamp", "Reading lamp", "Bends where you want it and stays there. Warm light.", "Living", 8900},
	{"clock", "Quiet clock", "No tick. Only the time, in two colours.", "Living", 4700},
	{"blanket", "Field blanket", "Wool in wide stripes, big enough for two.", "Living", 9600},
	{"vase", "Shoulder vase", "Looks good with three stems, and with none.", "Living", 3400},
	{"watering-can", "Long-neck can", "Reaches the plant at the back.", "Garden", 3900},
	{"planter", "Footed planter", "Terracotta on three feet, with a saucer.", "Garden", 2800},
	{"lantern", "Storm lantern", "Stays lit on the terrace when the talk gets long.", "Garden", 5200},
	{"seeds", "Packet of poppies", "About four hundred. Scatter, wait, forget, smile.", "Garden", 450},
}

func findProduct(id string) (product, bool) {
	for _, p := range catalogue {
		if p.ID == id {
			return p, true
		}
	}
	return product{}, false
}

func listProducts(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	wire.Write(w, http.StatusOK, map[string]any{"products": catalogue, "maxQuantity": maxQuantity})
}

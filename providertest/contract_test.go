package providertest

import (
	"os"
	"strings"
	"testing"
)

// Every sentence that a case quotes stands in the comments of provider.go.
func TestCases_quoteTheContract(t *testing.T) {
	source, err := os.ReadFile("../provider.go")
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(strings.Fields(strings.ReplaceAll(string(source), "//", "")), " ")
	for _, c := range cases {
		if !strings.Contains(said, c.contract) {
			t.Errorf("%s: the contract does not say %q", c.name, c.contract)
		}
	}
}

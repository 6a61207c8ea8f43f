package latchkey_test

import (
	"testing"

	"github.com/latchkey-dev/latchkey/providertest"
)

func TestExampleProvider_keepsTheContract(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		users := newDirectory(1)
		users.add("ada@example.com", "correct horse battery staple")
		return providertest.Subject{Provider: users, LoginID: "ada@example.com", Password: "correct horse battery staple"}
	})
}

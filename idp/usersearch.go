package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// searchRequest is the part of FusionAuth's search that is built: by ids, or by a word in the login
// ids.
type searchRequest struct {
	IDs             []string `json:"ids"`
	QueryString     string   `json:"queryString"`
	NumberOfResults int      `json:"numberOfResults"`
	StartRow        int      `json:"startRow"`

	// Not built: an answer that ignored them would be of other users than those that are meant.
	Query       string `json:"query"`
	NextResults string `json:"nextResults"`
	SortFields  []any  `json:"sortFields"`
}

// check refuses what is not built.
func (req searchRequest) check() error {
	for _, c := range []struct {
		name  string
		given bool
	}{{"query", req.Query != ""}, {"nextResults", req.NextResults != ""}, {"sortFields", len(req.SortFields) > 0}} {
		if c.given {
			return fusion.Invalid("search."+c.name, "notSupported", "Search by ids or queryString: the answer is in the order in which users were made.")
		}
	}
	return nil
}

const (
	resultsDefault = 25
	resultsMost    = 500
)

type searchResponse struct {
	Total int        `json:"total"`
	Users []userJSON `json:"users"`
}

// searchUsers answers POST /api/user/search, with {"search": …}.
func (s *Server) searchUsers(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req struct {
		Search searchRequest `json:"search"`
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	return s.replySearch(w, r, sc, req.Search)
}

// usersByIDs answers GET /api/user/search?ids=…&ids=…, and ?queryString=….
func (s *Server) usersByIDs(w http.ResponseWriter, r *http.Request, sc scope) error {
	form, err := fusion.ParseForm(r.URL.RawQuery)
	if err != nil {
		return fusion.Invalid("", "invalidQuery", "The query string is not well-formed.")
	}
	return s.replySearch(w, r, sc, searchRequest{IDs: form["ids"], QueryString: form.Get("queryString"), Query: form.Get("query"), NextResults: form.Get("nextResults")})
}

func (s *Server) replySearch(w http.ResponseWriter, r *http.Request, sc scope, req searchRequest) error {
	answer, err := search(r.Context(), s.db, sc, req)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

func search(ctx context.Context, q database.Queries, sc scope, req searchRequest) (searchResponse, error) {
	if err := req.check(); err != nil {
		return searchResponse{}, err
	}
	most := cmp.Or(req.NumberOfResults, resultsDefault)
	if most < 0 || most > resultsMost || req.StartRow < 0 || len(req.IDs) > resultsMost {
		return searchResponse{}, fusion.Invalid("search.numberOfResults", "invalid",
			fmt.Sprintf("At most %d results or ids at once, from row 0 on.", resultsMost))
	}
	if len(req.IDs) > 0 {
		return searchIDs(ctx, q, sc, req.IDs)
	}
	users, total, err := findUsers(ctx, q, sc, req.QueryString, req.StartRow, most)
	if err != nil {
		return searchResponse{}, err
	}
	answer := searchResponse{Users: []userJSON{}, Total: total}
	for _, u := range users {
		answer.Users = append(answer.Users, u.json())
	}
	return answer, nil
}

func searchIDs(ctx context.Context, q database.Queries, sc scope, ids []string) (searchResponse, error) {
	answer := searchResponse{Users: []userJSON{}}
	for _, id := range ids {
		u, err := userInScope(ctx, q, sc, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return searchResponse{}, err
		}
		answer.Users = append(answer.Users, u.json())
	}
	answer.Total = len(answer.Users)
	return answer, nil
}

// FindUsers returns users whose e-mail address or username contains the text, in the order of their
// creation: at most most of them, without the first after. In the text * matches anything, and an
// empty text matches all. Total counts all matches.
func (s *Server) FindUsers(ctx context.Context, text string, after, most int) (users []User, total int, err error) {
	return findUsers(ctx, s.db, "", text, after, most)
}

func findUsers(ctx context.Context, q database.Queries, sc scope, text string, after, most int) (users []User, total int, err error) {
	if hasNUL(text) {
		return nil, 0, fusion.Invalid("search.queryString", "invalid", "The text has a NUL in it.")
	}
	pattern := likePattern(text)
	const where = `($1 = '' OR tenant_id = $1) AND (coalesce(email_key, '') LIKE $2 ESCAPE '!' OR coalesce(username_key, '') LIKE $2 ESCAPE '!')`
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM users WHERE `+where, string(sc), pattern).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count users: %w", err)
	}
	ids, err := database.Strings(ctx, q, `SELECT id FROM users WHERE `+where+` ORDER BY insert_instant, id LIMIT $3 OFFSET $4`,
		string(sc), pattern, most, after)
	if err != nil {
		return nil, 0, err
	}
	for _, id := range ids {
		u, err := userByID(ctx, q, id)
		if errors.Is(err, ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, 0, err
		}
		users = append(users, u)
	}
	return users, total, nil
}

// likePattern matches a text that contains word; * matches anything, as in FusionAuth.
func likePattern(query string) string {
	escaped := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%").Replace(loginid.Canonical(query))
	return "%" + escaped + "%"
}

package idp

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// searchRequest is the part of FusionAuth's search that is built: by ids, or by a word in the login ids.
type searchRequest struct {
	IDs             []string `json:"ids"`
	QueryString     string   `json:"queryString"`
	NumberOfResults int      `json:"numberOfResults"`
	StartRow        int      `json:"startRow"`
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
func (s *Server) searchUsers(w http.ResponseWriter, r *http.Request, sc scope) {
	var req struct {
		Search searchRequest `json:"search"`
	}
	err := fusion.Decode(w, r, &req)
	if err == nil {
		s.replySearch(w, r, sc, req.Search)
		return
	}
	s.fail(w, r, err)
}

// usersByIDs answers GET /api/user/search?ids=…&ids=…, and ?queryString=….
func (s *Server) usersByIDs(w http.ResponseWriter, r *http.Request, sc scope) {
	form, err := fusion.ParseForm(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, fusion.Invalid("", "invalidQuery", "The query string is not well-formed."))
		return
	}
	s.replySearch(w, r, sc, searchRequest{IDs: form["ids"], QueryString: form.Get("queryString")})
}

func (s *Server) replySearch(w http.ResponseWriter, r *http.Request, sc scope, q searchRequest) {
	answer, err := search(r.Context(), s.db, sc, q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, answer)
}

func search(ctx context.Context, q database.Queries, sc scope, req searchRequest) (answer searchResponse, err error) {
	if req.NumberOfResults == 0 {
		req.NumberOfResults = resultsDefault
	}
	if req.NumberOfResults < 0 || req.NumberOfResults > resultsMost || req.StartRow < 0 || len(req.IDs) > resultsMost {
		return answer, fusion.Invalid("search.numberOfResults", "invalid", fmt.Sprintf("At most %d results or ids at once, from row 0 on.", resultsMost))
	}
	answer.Users = []userJSON{}
	if len(req.IDs) > 0 {
		for _, id := range req.IDs {
			u, err := userInScope(ctx, q, sc, id)
			if err == ErrNotFound {
				continue
			}
			if err != nil {
				return answer, err
			}
			answer.Users = append(answer.Users, u.json())
		}
		answer.Total = len(answer.Users)
		return answer, nil
	}
	users, total, err := findUsers(ctx, q, sc, req.QueryString, req.StartRow, req.NumberOfResults)
	for i := range users {
		answer.Users = append(answer.Users, users[i].json())
	}
	answer.Total = total
	return answer, err
}

// FindUsers returns at most so many users, after the first of them are passed over, whose e-mail address or username has the text somewhere; * in it stands for
// anything, and none finds all. They come in the order in which they were made, with the number of all that there are.
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
	ids, err := database.Strings(ctx, q, `SELECT id FROM users WHERE `+where+` ORDER BY insert_instant, id LIMIT $3 OFFSET $4`, string(sc), pattern, most, after)
	for _, id := range ids {
		u, err := userByID(ctx, q, id)
		if err == ErrNotFound {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, 0, err
		}
		users = append(users, u)
	}
	return users, total, err
}

// likePattern finds a word anywhere; * stands for anything, as in FusionAuth.
func likePattern(query string) string {
	escaped := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_", "*", "%").Replace(loginid.Canonical(query))
	return "%" + escaped + "%"
}

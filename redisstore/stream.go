package redisstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

var errLost = errors.New("the data were flushed, or the connection is lost")

// A stream is a connection on which one master reports changed keys and answers questions.
type stream struct {
	address string
	client  rueidis.Client
	conn    net.Conn
}

type streams []*stream

// listen opens a stream to each master. It returns those that it has opened in any case.
func (s *Store) listen(ctx context.Context, l layout, w *watch) (streams, error) {
	var all streams
	for _, address := range l.masters {
		all = append(all, &stream{address: address})
	}
	return all, all.each(func(_ int, st *stream) error { return st.open(ctx, s.option, w) })
}

// open connects. The client may dial only once: notifications on a second connection would be
// incomplete.
func (st *stream) open(ctx context.Context, option rueidis.ClientOption, w *watch) (err error) {
	dial := option.DialCtxFn
	var dialed atomic.Bool
	option.DialCtxFn = func(_ context.Context, address string, dialer *net.Dialer, config *tls.Config) (net.Conn, error) {
		if dialed.Swap(true) {
			return nil, errLost
		}
		conn, err := dial(ctx, address, dialer, config)
		st.conn = conn
		return conn, err
	}
	option.InitAddress, option.ForceSingleClient, option.PipelineMultiplex = []string{st.address}, true, -1
	option.DisableRetry, option.DisableCache = true, false
	option.ClientTrackingOptions = []string{"BCAST", "PREFIX", changePrefix}
	option.OnInvalidations = w.tell
	st.client, err = rueidis.NewClient(option)
	return err
}

// ask asks every master at the same time whether it still is one, and whether the layout is
// unchanged. One of them, in turn, lists the others.
func (all streams) ask(ctx context.Context, l layout, turn int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, roundLimit, errors.New("no answer in time"))
	defer cancel()
	return all.each(func(i int, st *stream) error {
		err := st.ask(ctx, l, turn%len(all) == i)
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	})
}

func (st *stream) ask(ctx context.Context, l layout, list bool) error {
	b := st.client.B()
	questions := []rueidis.Completed{b.Hello().Build()}
	if l.cluster != nil {
		questions = append(questions, b.ClusterInfo().Build())
		if list {
			questions = append(questions, b.ClusterNodes().Build())
		}
	}
	answers := st.client.DoMulti(ctx, questions...)
	hello, err := answers[0].AsMap()
	if err != nil {
		return err
	}
	field := hello["role"]
	if role, _ := field.ToString(); role != "master" {
		return fmt.Errorf("the node is a %s now", role)
	}
	if l.cluster == nil {
		return nil
	}
	return l.confirm(answers[1:])
}

func (all streams) close() {
	_ = all.each(func(_ int, st *stream) error {
		if st.conn != nil {
			st.conn.Close() // first, so that nothing waits for a silent server
		}
		if st.client != nil {
			st.client.Close()
		}
		return nil
	})
}

// each calls a function for all at the same time, and returns the first error.
func (all streams) each(do func(int, *stream) error) error {
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	for i, st := range all {
		wait.Go(func() {
			if err := crash.Contain(func() error { return do(i, st) }); err != nil {
				errs[i] = fmt.Errorf("%s: %w", st.address, err)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

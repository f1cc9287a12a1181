package coordinator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

const (
	// answerLasts is how long an answer of Prometheus counts; nodes take minutes, and alerts are computed every 15 s or so.
	answerLasts = 15 * time.Second
	// queryTimeout bounds a query. Until it is answered the gate is closed, and no other group waits for it.
	queryTimeout = 10 * time.Second
	// answerSize bounds what is read of an answer, in bytes: whether it is empty is seen at its beginning.
	answerSize = 1 << 20
)

// prometheus asks gates. A query that cannot be answered closes its gate: whoever asks for it does not want to go on blindly.
type prometheus struct {
	client *http.Client
	now    func() time.Time
	// wake asks for a round.
	wake func()

	mu      sync.Mutex
	answers map[v1alpha1.PrometheusGate]*answer
}

// answer is what is known of a gate.
type answer struct {
	asking bool
	at     time.Time // zero: never answered
	closed string    // why; empty: open
}

func newPrometheus(now func() time.Time, wake func()) *prometheus {
	return &prometheus{
		client: &http.Client{Timeout: queryTimeout}, now: now, wake: wake, answers: map[v1alpha1.PrometheusGate]*answer{},
	}
}

// ask returns what is known of the gates now, and asks anew where that is old. It does not wait: an answer asks for a round.
func (p *prometheus) ask(gates []v1alpha1.PrometheusGate, now time.Time) []decision.Gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []decision.Gate
	for _, gate := range gates {
		a := p.answers[gate]
		if a == nil {
			a = &answer{}
			p.answers[gate] = a
		}
		fresh := !a.at.IsZero() && now.Sub(a.at) < answerLasts
		if !fresh && !a.asking {
			a.asking = true
			go p.query(gate, a)
		}
		result := decision.Gate{Name: "Prometheus query " + gate.Query, Open: fresh && a.closed == "", Reason: a.closed}
		if !fresh && a.closed == "" {
			result.Reason = "it is being asked"
		}
		found = append(found, result)
	}
	return found
}

// query asks once.
func (p *prometheus) query(gate v1alpha1.PrometheusGate, a *answer) {
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	closed := p.closed(ctx, gate)
	p.mu.Lock()
	a.asking, a.at, a.closed = false, p.now(), closed
	p.mu.Unlock()
	p.wake()
}

// closed asks the server, and says why the gate is closed; empty: it is open. See
// https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries.
func (p *prometheus) closed(ctx context.Context, gate v1alpha1.PrometheusGate) string {
	address := strings.TrimSuffix(gate.URL, "/") + "/api/v1/query"
	form := strings.NewReader(url.Values{"query": {gate.Query}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, form)
	if err != nil {
		return fmt.Sprintf("it cannot be asked: %v", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := p.client.Do(request)
	if err != nil {
		return fmt.Sprintf("it cannot be asked: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerSize))
	if err != nil {
		return fmt.Sprintf("its answer cannot be read: %v", err)
	}
	return verdict(response.Status, body)
}

// verdict reads the answer to an instant query.
func verdict(status string, body []byte) string {
	var document struct {
		Status string `json:"status"`
		Error  string `json:"error"`
		Data   struct {
			ResultType string          `json:"resultType"`
			Result     json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return fmt.Sprintf("the server answers %s, and not as Prometheus does", status)
	}
	if document.Status != "success" {
		return fmt.Sprintf("Prometheus refuses the query: %s", document.Error)
	}
	var series []json.RawMessage
	if document.Data.ResultType != "vector" || json.Unmarshal(document.Data.Result, &series) != nil {
		return fmt.Sprintf("the query returns a %s, which is never empty: write it so that it returns series only where something is wrong", document.Data.ResultType)
	}
	switch len(series) {
	case 0:
		return ""
	case 1:
		return "it returns 1 series"
	default:
		return fmt.Sprintf("it returns %d series", len(series))
	}
}

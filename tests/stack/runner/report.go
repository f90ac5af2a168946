package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"code.gitea.io/actions-proto-go/runner/v1/runnerv1connect"
	"connectrpc.com/connect"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const reportInterval = time.Second

var (
	addMask = regexp.MustCompile(`^::add-mask::(.*)`)
	group   = regexp.MustCompile(`^::(group|endgroup)::(.*)`)
)

// report turns what the engine logs into log rows and step states, and sends both to the forge every second.
type report struct {
	client runnerv1connect.RunnerServiceClient
	cancel context.CancelFunc
	send   sync.Mutex // one report at a time: log rows have an index

	mu      sync.Mutex
	rows    []*runnerv1.LogRow // not yet acknowledged
	sent    int64              // index of rows[0]
	state   *runnerv1.TaskState
	secrets []string
	outputs map[string]string
	told    bool // the forge cancelled the task
	done    chan struct{}
}

func newReport(client runnerv1connect.RunnerServiceClient, task *runnerv1.Task, cancel context.CancelFunc) *report {
	r := &report{
		client:  client,
		cancel:  cancel,
		state:   &runnerv1.TaskState{Id: task.Id, StartedAt: timestamppb.Now()},
		outputs: map[string]string{},
		done:    make(chan struct{}),
	}
	for _, secret := range task.Secrets {
		r.hide(secret)
	}
	r.hide(task.Context.Fields["token"].GetStringValue())
	r.hide(task.Context.Fields["gitea_runtime_token"].GetStringValue())
	return r
}

// hide keeps a value out of the log, also line by line.
func (r *report) hide(secret string) {
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); line != "" {
			r.secrets = append(r.secrets, line)
		}
	}
}

func (r *report) setSteps(count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range count {
		r.state.Steps = append(r.state.Steps, &runnerv1.StepState{Id: int64(i)})
	}
}

func (r *report) setOutputs(outputs map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, value := range outputs {
		r.outputs[key] = value
	}
}

// line adds a row of the runner's own.
func (r *report) line(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.append(time.Now(), fmt.Sprintf(format, args...))
}

func (r *report) append(at time.Time, text string) bool {
	text = strings.TrimRight(text, "\r\n")
	if mask := addMask.FindStringSubmatch(text); mask != nil {
		r.hide(mask[1])
		return false
	}
	if strings.HasPrefix(text, "::debug::") {
		return false
	}
	text = group.ReplaceAllString(text, "##[$1]$2")
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	r.rows = append(r.rows, &runnerv1.LogRow{Time: timestamppb.New(at), Content: strings.ToValidUTF8(text, "?")})
	return true
}

// Levels and Fire make the report a hook of the engine's logger.
func (r *report) Levels() []logrus.Level { return logrus.AllLevels }

func (r *report) Fire(entry *logrus.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if result, ok := entry.Data["jobResult"]; ok {
		r.state.Result = parseResult(result)
	}
	step := r.stepOf(entry)
	if step != nil && step.StartedAt == nil {
		step.StartedAt = timestamppb.New(entry.Time)
		step.LogIndex = r.sent + int64(len(r.rows))
	}
	_, raw := entry.Data["raw_output"]
	if raw || (entry.Level <= logrus.InfoLevel && (step == nil || entry.Level <= logrus.ErrorLevel)) {
		if r.append(entry.Time, entry.Message) && step != nil {
			step.LogLength++
		}
	}
	if result, ok := entry.Data["stepResult"]; ok && step != nil && !insideComposite(entry) {
		step.Result = parseResult(result)
		step.StoppedAt = timestamppb.New(entry.Time)
	}
	return nil
}

// stepOf is the step whose main stage wrote the entry; pre and post stages belong to no step of the page.
func (r *report) stepOf(entry *logrus.Entry) *runnerv1.StepState {
	number, ok := entry.Data["stepNumber"].(int)
	if !ok || entry.Data["stage"] != "Main" || number >= len(r.state.Steps) {
		return nil
	}
	return r.state.Steps[number]
}

// insideComposite tells entries of a composite action's inner steps: their result is not the step's.
func insideComposite(entry *logrus.Entry) bool {
	ids, ok := entry.Data["stepID"].([]string)
	return ok && len(ids) > 1
}

func parseResult(value any) runnerv1.Result {
	name := strings.ToUpper(fmt.Sprint(value))
	return runnerv1.Result(runnerv1.Result_value["RESULT_"+name])
}

// loop reports every second until the task is closed.
func (r *report) loop(ctx context.Context) {
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		select {
		case <-r.done:
			return
		case <-ticker.C:
			// A failed report is repeated with the next one; close insists.
			_ = r.sendLog(ctx, false)
			_ = r.sendState(ctx, false)
		}
	}
}

// close sends the rest of the log and the final state; ctx may be over already, the forge still has to hear.
func (r *report) close(ctx context.Context, failure error) error {
	close(r.done)
	r.finish(ctx, failure)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for {
		err := r.sendLog(ctx, true)
		if err == nil {
			err = r.sendState(ctx, true)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(reportInterval)
	}
}

func (r *report) finish(ctx context.Context, failure error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.state.StoppedAt = timestamppb.New(now)
	switch {
	case r.told || ctx.Err() != nil:
		r.state.Result = runnerv1.Result_RESULT_CANCELLED
	case failure != nil:
		r.append(now, failure.Error())
		r.state.Result = runnerv1.Result_RESULT_FAILURE
	case r.state.Result == runnerv1.Result_RESULT_UNSPECIFIED:
		// The engine ended without error and without a word about the job: nothing proves that it ran.
		r.state.Result = runnerv1.Result_RESULT_FAILURE
		r.append(now, "the job ended without a result")
	}
	for _, step := range r.state.Steps {
		if step.Result == runnerv1.Result_RESULT_UNSPECIFIED {
			step.Result = runnerv1.Result_RESULT_SKIPPED
			if r.state.Result == runnerv1.Result_RESULT_CANCELLED {
				step.Result = runnerv1.Result_RESULT_CANCELLED
			}
		}
	}
}

func (r *report) sendLog(ctx context.Context, last bool) error {
	r.send.Lock()
	defer r.send.Unlock()
	r.mu.Lock()
	rows, index := slices.Clone(r.rows), r.sent
	r.mu.Unlock()
	if len(rows) == 0 && !last {
		return nil
	}
	answer, err := r.client.UpdateLog(ctx, connect.NewRequest(&runnerv1.UpdateLogRequest{
		TaskId: r.state.Id, Index: index, Rows: rows, NoMore: last,
	}))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := answer.Msg.AckIndex - r.sent; got > 0 && got <= int64(len(r.rows)) {
		r.rows = r.rows[got:]
		r.sent += got
	}
	if last && len(r.rows) > 0 {
		return fmt.Errorf("%d log rows were not taken", len(r.rows))
	}
	return nil
}

func (r *report) sendState(ctx context.Context, last bool) error {
	r.send.Lock()
	defer r.send.Unlock()
	r.mu.Lock()
	state, ok := proto.Clone(r.state).(*runnerv1.TaskState)
	if !ok {
		panic("a clone has the type of its original")
	}
	outputs := make(map[string]string, len(r.outputs))
	for key, value := range r.outputs {
		outputs[key] = value
	}
	r.mu.Unlock()
	if !last {
		// Only close may end the task: the log has to be complete first.
		state.Result = runnerv1.Result_RESULT_UNSPECIFIED
		state.StoppedAt = nil
	}
	answer, err := r.client.UpdateTask(ctx, connect.NewRequest(&runnerv1.UpdateTaskRequest{
		State: state, Outputs: outputs,
	}))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range answer.Msg.SentOutputs {
		delete(r.outputs, key)
	}
	if !last && answer.Msg.State.GetResult() != runnerv1.Result_RESULT_UNSPECIFIED {
		r.told = true
		r.cancel()
	}
	if last && len(r.outputs) > 0 {
		log.Printf("runner: task %d: %d outputs were refused by the forge", r.state.Id, len(r.outputs))
	}
	return nil
}

// silentLogger keeps the engine's own formatting off the runner's standard output; the hook sees everything.
type silentLogger struct{}

func (silentLogger) WithJobLogger() *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	logger.SetLevel(logrus.TraceLevel)
	return logger
}

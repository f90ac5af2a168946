// Command runner is a runner for Gitea Actions in host mode, for the end-to-end tests: the official execution engine
// (gitea.com/gitea/act) behind the official runner protocol (code.gitea.io/actions-proto-go). It is used where no
// act_runner is on PATH; it polls, reports and obeys cancellation the way act_runner does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"code.gitea.io/actions-proto-go/runner/v1/runnerv1connect"
	"connectrpc.com/connect"
	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"
)

const version = "conveyor-stack-1"

type settings struct {
	instance string
	token    string
	name     string
	labels   []string
	state    string
	interval time.Duration
	capacity int
}

// identity is what registration gives; it is kept in a file so that a restarted runner is the same one to the forge.
type identity struct {
	UUID  string `json:"uuid"`
	Token string `json:"token"`
}

func main() {
	if err := run(); err != nil {
		log.Fatalf("runner: %v", err)
	}
}

func run() error {
	if parent, err := supervise(); parent || err != nil {
		return err
	}
	s := parseFlags()
	logrus.SetLevel(logrus.WarnLevel)
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	client, err := signIn(ctx, s)
	if err != nil {
		return err
	}
	declare := connect.NewRequest(&runnerv1.DeclareRequest{Version: version, Labels: labelNames(s.labels)})
	if _, err := client.Declare(ctx, declare); err != nil {
		return fmt.Errorf("declare labels: %w", err)
	}
	log.Printf("runner: ready, labels %s, capacity %d, every %s", strings.Join(s.labels, ","), s.capacity, s.interval)
	poll(ctx, s, client)
	return nil
}

func parseFlags() settings {
	var s settings
	var labels string
	flag.StringVar(&s.instance, "instance", "", "address of the forge")
	flag.StringVar(&s.token, "token", "", "registration token")
	flag.StringVar(&s.name, "name", "stack", "name shown in the forge")
	flag.StringVar(&labels, "labels", "ubuntu-latest:host", "comma separated, each <label>:host")
	flag.StringVar(&s.state, "state", "", "folder for registration, action cache and work")
	flag.DurationVar(&s.interval, "interval", 2*time.Second, "time between two polls")
	flag.IntVar(&s.capacity, "capacity", 1, "jobs at the same time")
	flag.Parse()
	s.instance = strings.TrimRight(s.instance, "/")
	s.labels = strings.Split(labels, ",")
	if s.instance == "" || s.state == "" || s.capacity < 1 {
		log.Fatal("runner: -instance and -state are required, -capacity is at least 1")
	}
	return s
}

func labelNames(labels []string) []string {
	names := make([]string, 0, len(labels))
	for _, label := range labels {
		name, _, _ := strings.Cut(label, ":")
		names = append(names, name)
	}
	return names
}

// newClient speaks Connect; the forge knows the runner by two headers.
func newClient(s settings, id identity) runnerv1connect.RunnerServiceClient {
	headers := connect.WithInterceptors(connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set("x-runner-uuid", id.UUID)
			req.Header().Set("x-runner-token", id.Token)
			return next(ctx, req)
		}
	}))
	http := &http.Client{Timeout: time.Minute}
	return runnerv1connect.NewRunnerServiceClient(http, s.instance+"/api/actions", headers)
}

// signIn registers on the first start and re-uses the registration afterwards.
func signIn(ctx context.Context, s settings) (runnerv1connect.RunnerServiceClient, error) {
	file := filepath.Join(s.state, "identity.json")
	var id identity
	raw, err := os.ReadFile(file)
	if err == nil {
		if err := json.Unmarshal(raw, &id); err != nil {
			return nil, fmt.Errorf("%s is not readable: %w", file, err)
		}
		return newClient(s, id), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	answer, err := newClient(s, id).Register(ctx, connect.NewRequest(&runnerv1.RegisterRequest{
		Name: s.name, Token: s.token, Version: version, Labels: labelNames(s.labels),
	}))
	if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	id = identity{UUID: answer.Msg.Runner.Uuid, Token: answer.Msg.Runner.Token}
	raw, err = json.Marshal(id)
	if err != nil {
		return nil, err
	}
	return newClient(s, id), os.WriteFile(file, raw, 0o600)
}

// poll asks for a task per free slot, all slots together at most once per interval (burst 1, as act_runner).
func poll(ctx context.Context, s settings, client runnerv1connect.RunnerServiceClient) {
	limiter := rate.NewLimiter(rate.Every(s.interval), 1)
	var tasksVersion atomic.Int64
	var slots sync.WaitGroup
	for range s.capacity {
		slots.Go(func() {
			for limiter.Wait(ctx) == nil {
				known := tasksVersion.Load()
				answer, err := client.FetchTask(ctx, connect.NewRequest(&runnerv1.FetchTaskRequest{TasksVersion: known}))
				if err != nil {
					if ctx.Err() == nil {
						log.Printf("runner: fetch: %v", err)
					}
					continue
				}
				// A version that did not change means "nothing new": the forge then does not even look. So after a task
				// was handed out the version is forgotten, because more tasks of the same version may wait.
				if answer.Msg.Task == nil {
					tasksVersion.CompareAndSwap(known, answer.Msg.TasksVersion)
					continue
				}
				tasksVersion.Store(0)
				runTask(ctx, s, client, answer.Msg.Task)
			}
		})
	}
	slots.Wait()
}

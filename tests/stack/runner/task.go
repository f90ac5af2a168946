package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	runnerv1 "code.gitea.io/actions-proto-go/runner/v1"
	"code.gitea.io/actions-proto-go/runner/v1/runnerv1connect"
	"github.com/nektos/act/pkg/common"
	"github.com/nektos/act/pkg/model"
	"github.com/nektos/act/pkg/runner"
	"go.yaml.in/yaml/v4"
)

const jobTimeout = 3 * time.Hour

// runTask executes one job and always reports a result for it, also when the job cannot be started or panics.
func runTask(ctx context.Context, s settings, client runnerv1connect.RunnerServiceClient, task *runnerv1.Task) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	r := newReport(client, task, cancel)
	go r.loop(ctx)
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("the runner panicked: %v", p)
			}
		}()
		return execute(ctx, s, task, r)
	}()
	if err := r.close(ctx, err); err != nil {
		log.Printf("runner: task %d: result not delivered: %v", task.Id, err)
	}
}

func execute(ctx context.Context, s settings, task *runnerv1.Task, r *report) error {
	workflow, jobID, err := parsePayload(task)
	if err != nil {
		return err
	}
	job := workflow.GetJob(jobID)
	r.setSteps(len(job.Steps))

	fields := task.Context.Fields
	text := func(key string) string { return fields[key].GetStringValue() }
	event, err := fields["event"].GetStructValue().MarshalJSON()
	if err != nil {
		return fmt.Errorf("event of the task: %w", err)
	}
	token := task.Secrets["GITHUB_TOKEN"]
	if token == "" {
		token = text("token")
	}
	instance := s.instance
	config := &runner.Config{
		Workdir:               filepath.Join("/workspace", text("repository")),
		ActionCacheDir:        filepath.Join(s.state, "cache"),
		LogOutput:             true,
		AutoRemove:            true,
		NoSkipCheckout:        true,
		Secrets:               task.Secrets,
		Vars:                  task.Vars,
		Token:                 token,
		EventJSON:             string(event),
		GitHubInstance:        instance,
		DefaultActionInstance: text("gitea_default_actions_url"),
		ContainerNamePrefix:   "stack-task-" + strconv.FormatInt(task.Id, 10),
		PlatformPicker:        s.pickPlatform,
		Env: map[string]string{
			"ACTIONS_RUNTIME_URL":          instance + "/api/actions_pipeline/",
			"ACTIONS_RUNTIME_TOKEN":        text("gitea_runtime_token"),
			"ACTIONS_RESULTS_URL":          instance,
			"GITEA_ACTIONS":                "true",
			"GITEA_ACTIONS_RUNNER_VERSION": version,
		},
		PresetGitHubContext: &model.GithubContext{
			Event:           fields["event"].GetStructValue().AsMap(),
			RunID:           text("run_id"),
			RunNumber:       text("run_number"),
			Actor:           text("actor"),
			Repository:      text("repository"),
			EventName:       text("event_name"),
			Sha:             text("sha"),
			Ref:             text("ref"),
			RefName:         text("ref_name"),
			RefType:         text("ref_type"),
			HeadRef:         text("head_ref"),
			BaseRef:         text("base_ref"),
			Token:           token,
			RepositoryOwner: text("repository_owner"),
			RetentionDays:   text("retention_days"),
		},
	}
	engine, err := runner.New(config)
	if err != nil {
		return err
	}
	r.line("%s on %s, job %s of %s", version, s.name, jobID, text("workflow"))
	// Only this job: the jobs it needs are in the workflow for their results and outputs, and have run elsewhere.
	plan := &model.Plan{Stages: []*model.Stage{{Runs: []*model.Run{{Workflow: workflow, JobID: jobID}}}}}
	ctx = runner.WithJobLoggerFactory(common.WithLoggerHook(ctx, r), silentLogger{})
	err = engine.NewPlanExecutor(plan)(ctx)
	r.setOutputs(job.Outputs)
	return err
}

// parsePayload reads the one job of a task and adds the jobs it needs as finished ones.
func parsePayload(task *runnerv1.Task) (*model.Workflow, string, error) {
	workflow, err := model.ReadWorkflow(bytes.NewReader(task.WorkflowPayload))
	if err != nil {
		return nil, "", fmt.Errorf("workflow of the task: %w", err)
	}
	ids := workflow.GetJobIDs()
	if len(ids) != 1 {
		return nil, "", fmt.Errorf("a task carries one job, this one has %d", len(ids))
	}
	needs := slices.Sorted(maps.Keys(task.Needs))
	for _, id := range needs {
		need := task.Needs[id]
		workflow.Jobs[id] = &model.Job{
			Outputs: need.Outputs,
			Result:  strings.ToLower(strings.TrimPrefix(need.Result.String(), "RESULT_")),
		}
	}
	var raw yaml.Node
	if err := raw.Encode(needs); err != nil {
		return nil, "", err
	}
	workflow.Jobs[ids[0]].RawNeeds = raw
	return workflow, ids[0], nil
}

// pickPlatform answers the engine's name for "run on this machine" when one of the labels is ours.
func (s settings) pickPlatform(runsOn []string) string {
	for _, label := range labelNames(s.labels) {
		if slices.Contains(runsOn, label) {
			return "-self-hosted"
		}
	}
	return ""
}

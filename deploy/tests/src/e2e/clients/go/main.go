// A program that uses the official client for Go. Its arguments say what to do, its last line of output is the answer as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	workflow "github.com/upstash/workflow-go"
)

type triggered struct {
	RunId string `json:"runId"`
}

type listed struct {
	Runs   []workflow.Run `json:"runs"`
	Cursor string         `json:"cursor"`
}

type cancelled struct {
	Count int    `json:"count"`
	Error string `json:"error"`
}

func main() {
	client, err := workflow.NewClientWithEnv()
	exitOn(err)
	answer, err := do(client, os.Args[1], os.Args[2:])
	exitOn(err)
	exitOn(json.NewEncoder(os.Stdout).Encode(answer))
}

func do(client *workflow.Client, what string, args []string) (any, error) {
	switch what {
	case "trigger":
		runId, err := client.Trigger(workflow.TriggerOptions{Url: args[0]})
		return triggered{runId}, err
	case "trigger-with-everything":
		runId, err := client.Trigger(workflow.TriggerOptions{
			Url:            args[0],
			RunId:          args[1],
			Body:           []byte(args[2]),
			Retries:        workflow.Retry(2),
			FlowControlKey: "key",
			Rate:           5,
			Parallelism:    2,
			Header:         http.Header{"Content-Type": {"application/json"}, "X-Mine": {"yes"}},
		})
		return triggered{runId}, err
	case "waiters":
		return client.Waiters(args[0])
	case "notify":
		return client.Notify(args[0], []byte(args[1]))
	case "cancel":
		if err := client.Cancel(args[0]); err != nil {
			return cancelled{0, err.Error()}, nil
		}
		return cancelled{1, ""}, nil
	case "cancel-many":
		count, err := client.CancelMany(args)
		return cancelled{count, ""}, err
	case "cancel-by-url":
		count, err := client.CancelWithFilter(workflow.CancelFilter{UrlStartingWith: args[0]})
		return cancelled{count, ""}, err
	case "cancel-all":
		count, err := client.CancelAll()
		return cancelled{count, ""}, err
	case "logs":
		runs, cursor, err := client.Logs(logsOptions(args))
		return listed{runs, cursor}, err
	}
	return nil, fmt.Errorf("what is %q?", what)
}

// Arguments such as url=…, state=…, count=2, cursor=…; what was created within the last hour, as well.
func logsOptions(args []string) workflow.LogsOptions {
	options := workflow.LogsOptions{Filter: workflow.LogFilter{FromDate: time.Now().Add(-time.Hour)}}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "run":
			options.Filter.RunId = value
		case "url":
			options.Filter.Url = value
		case "state":
			options.Filter.State = value
		case "cursor":
			options.Cursor = value
		case "count":
			fmt.Sscan(value, &options.Count)
		}
	}
	return options
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

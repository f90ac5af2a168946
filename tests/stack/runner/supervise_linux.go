package main

import (
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

const supervised = "CONVEYOR_STACK_SUPERVISED"

// supervise runs the program again as a child and adopts whatever its jobs leave behind, so that it can be found and
// ended with the stack instead of living on as nobody's process. It answers false in the child.
func supervise() (bool, error) {
	if os.Getenv(supervised) != "" {
		return false, os.Unsetenv(supervised)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return false, err
	}
	child := exec.Command("/proc/self/exe", os.Args[1:]...)
	child.Env = append(os.Environ(), supervised+"=1")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return false, err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return true, err
		}
		if pid == child.Process.Pid {
			os.Exit(status.ExitStatus())
		}
	}
}

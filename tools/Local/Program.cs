// The commands come with the runner.
return;

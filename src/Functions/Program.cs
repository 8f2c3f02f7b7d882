using Relaybox.Functions.Hosting;

// One executable holds every function; ANNOTATIONS_HANDLER says which of them this process is.
return await FunctionProcess.RunAsync(Environment.GetEnvironmentVariable, CancellationToken.None);

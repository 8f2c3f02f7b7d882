using System.Globalization;
using Relaybox.Functions.Hosting;
using Relaybox.Settings;

if (int.TryParse(Environment.GetEnvironmentVariable(FunctionMemory.Variable), CultureInfo.InvariantCulture, out var megabytes))
{
    FunctionMemory.LimitHeap(megabytes);
}

// One executable holds every function; ANNOTATIONS_HANDLER says which of them this process is.
return await FunctionProcess.RunAsync(Environment.GetEnvironmentVariable, CancellationToken.None);

using System.Diagnostics;

#pragma warning disable CA1050 // The runtime looks for this class outside of any namespace, with this method.

/// <summary>
/// Kills a function's process at one of its steps, without a line for it in the product: the runtime loads this assembly
/// (DOTNET_STARTUP_HOOKS), and the steps are the spans that the product has for traces. A point is a file in the folder
/// RELAYBOX_KILL_AT, named after a span and its side, such as <c>outbox.publish.end</c>: the first process that comes there
/// takes the file away and dies.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("RELAYBOX_KILL_AT") is not { Length: > 0 } folder)
        {
            return;
        }

        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Relaybox",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStarted = activity => DieAt(Path.Combine(folder, $"{activity.OperationName}.begin")),
            ActivityStopped = activity => DieAt(Path.Combine(folder, $"{activity.OperationName}.end")),
        });
    }

    private static void DieAt(string point)
    {
        if (!File.Exists(point))
        {
            return;
        }

        try
        {
            File.Move(point, $"{point}.done");
        }
        catch (IOException)
        {
            // Another process was first.
            return;
        }

        // As the machine's own end: no handler, no finally, no flush.
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}

using Amazon.Lambda.Annotations;
using Amazon.Lambda.Core;
using Relaybox.Functions.Hosting;
using Relaybox.Settings;

namespace Relaybox.Functions.Maintenance;

/// <summary>Makes, or checks, the tables in the database and the streams in the broker. To be invoked after each deployment.</summary>
internal sealed class SetupFunction(IEnumerable<ISetupStep> steps, TimeProvider time) : IFunction<ScheduleInput, JobReport>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "SetupFunction")]
    public async Task<JobReport> HandleAsync(ScheduleInput input, ILambdaContext context)
    {
        using var scope = Invocation.Begin(context, time).BeginScope(CancellationToken.None);
        var made = 0;
        foreach (var step in steps)
        {
            made += await step.RunAsync(scope.Token);
        }

        return new JobReport("setup", made, Complete: true);
    }
}

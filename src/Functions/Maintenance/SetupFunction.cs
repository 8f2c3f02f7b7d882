using Amazon.Lambda.Annotations;
using Amazon.Lambda.Core;
using Relaybox.Diagnostics;
using Relaybox.Functions.Hosting;
using Relaybox.Settings;

namespace Relaybox.Functions.Maintenance;

/// <summary>
/// Makes, or checks, the tables in the database and the streams in the broker. To be invoked after each deployment, by a person or by
/// CloudFormation, which gets an answer.
/// </summary>
internal sealed class SetupFunction(
    IEnumerable<ISetupStep> steps, StackAnswer answer, TimeProvider time, IExplainsFailures? explains = null) : IFunction<SetupInput, JobReport>
{
    /// <inheritdoc />
    [LambdaFunction(ResourceName = "SetupFunction")]
    public async Task<JobReport> HandleAsync(SetupInput input, ILambdaContext context)
    {
        using var scope = Invocation.Begin(context, time).BeginScope(CancellationToken.None);
        var made = 0;
        try
        {
            // What Setup has made outlives the stack.
            foreach (var step in input?.RequestType == "Delete" ? [] : steps)
            {
                made += await step.RunAsync(scope.Token);
            }
        }
        catch (Exception e) when (input?.ResponseUrl is not null)
        {
            await answer.SendAsync(input, new FunctionFailedException(explains?.Explain(e) ?? e).Message, CancellationToken.None);
            throw;
        }

        if (input?.ResponseUrl is not null)
        {
            await answer.SendAsync(input, null, scope.Token);
        }

        return new JobReport("setup", made, Complete: true);
    }
}

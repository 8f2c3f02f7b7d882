using Amazon.Lambda.Core;
using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>An invocation as its function sees it.</summary>
internal sealed class LambdaContext(SimLoop loop, DateTimeOffset deadline) : ILambdaContext
{
    public string AwsRequestId => "request";

    public IClientContext ClientContext => null!;

    public string FunctionName => "simulation";

    public string FunctionVersion => "$LATEST";

    public ICognitoIdentity Identity => null!;

    public string InvokedFunctionArn => "arn";

    public ILambdaLogger Logger => null!;

    public string LogGroupName => "log";

    public string LogStreamName => "log";

    public int MemoryLimitInMB => 512;

    public TimeSpan RemainingTime => deadline - loop.Now;
}

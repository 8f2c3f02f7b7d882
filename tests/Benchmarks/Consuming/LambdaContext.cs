using Amazon.Lambda.Core;

namespace Relaybox.Benchmarks.Consuming;

/// <summary>The context of an invocation that has all the time it needs.</summary>
internal sealed class LambdaContext : ILambdaContext
{
    public string AwsRequestId => "request-1";

    public IClientContext ClientContext => null!;

    public string FunctionName => "bench";

    public string FunctionVersion => "$LATEST";

    public ICognitoIdentity Identity => null!;

    public string InvokedFunctionArn => "arn:aws:lambda:us-east-1:000000000000:function:bench";

    public ILambdaLogger Logger => null!;

    public string LogGroupName => "/aws/lambda/bench";

    public string LogStreamName => "bench";

    public int MemoryLimitInMB => 512;

    public TimeSpan RemainingTime => TimeSpan.FromMinutes(5);
}

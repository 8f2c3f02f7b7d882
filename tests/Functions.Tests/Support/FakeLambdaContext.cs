using Amazon.Lambda.Core;

namespace Relaybox.Functions.Tests.Support;

internal sealed class FakeLambdaContext(TimeSpan remaining, string? alias = null) : ILambdaContext
{
    public string AwsRequestId => "request-1";

    public IClientContext ClientContext => null!;

    public string FunctionName => "test";

    public string FunctionVersion => "$LATEST";

    public ICognitoIdentity Identity => null!;

    public string InvokedFunctionArn => "arn:aws:lambda:us-east-1:000000000000:function:test" + (alias is null ? "" : $":{alias}");

    public ILambdaLogger Logger => null!;

    public string LogGroupName => "/aws/lambda/test";

    public string LogStreamName => "test";

    public int MemoryLimitInMB => 512;

    public TimeSpan RemainingTime => remaining;
}

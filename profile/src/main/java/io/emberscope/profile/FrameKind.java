package io.emberscope.profile;

/// What kind of code a frame is. The texts are those of OpenTelemetry's attribute
/// `profile.frame.type` where it has one. Stored by text, so the order here may change.
public enum FrameKind {
    /// Compiled code of a user-space binary or of generated code without a runtime of its own.
    NATIVE("native"),
    /// The kernel and its modules.
    KERNEL("kernel"),
    JVM("jvm"),
    CPYTHON("cpython"),
    RUBY("ruby"),
    PHP("php"),
    PERL("perl"),
    V8JS("v8js"),
    DOTNET("dotnet"),
    GO("go"),
    RUST("rust"),
    BEAM("beam"),
    /// No code: the value of a label that an answer was grouped by. Never stored.
    LABEL("label"),
    /// Whoever sent the profile did not say.
    UNKNOWN("unknown");

    private final String text;

    FrameKind(String text) {
        this.text = text;
    }

    /// The text used on the wire and in tables.
    public String text() {
        return text;
    }

    /// The kind with that text; [#UNKNOWN] if there is none.
    public static FrameKind of(String text) {
        for (FrameKind kind : values()) {
            if (kind.text.equals(text)) {
                return kind;
            }
        }
        return UNKNOWN;
    }
}

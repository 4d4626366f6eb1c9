package io.emberscope.server.catalog;

import com.linecorp.armeria.common.HttpStatus;

/// What is asked of the catalog is not there. The answer's form is that of Iceberg's specification.
final class CatalogException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient HttpStatus status;
    private final String type;

    /// @param type the name by which clients know it
    CatalogException(HttpStatus status, String type, String message) {
        super(message, null, false, false);
        this.status = status;
        this.type = type;
    }

    HttpStatus status() {
        return status;
    }

    String type() {
        return type;
    }
}
